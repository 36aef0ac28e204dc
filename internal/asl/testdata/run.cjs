// Validates a state machine, then executes it with aws-local-stepfunctions in a time of its own, in which a day takes no time
// at all. In: {definition, jobs: [{input, instant, plan}]}. Out: for each job what its tasks were asked (calls), how it ended,
// and what every state was given. A plan says by key what a task does: {units, errors: [name, …], always: name, never: true,
// result}.
"use strict";

let now = 0;
let timers = [];
globalThis.setTimeout = (f, ms = 0) => {
  const timer = { at: now + Math.round(ms), f };
  timers.push(timer);
  return timer;
};
globalThis.clearTimeout = (timer) => { timers = timers.filter((t) => t !== timer); };
const nap = (ms) => (ms ? new Promise((r) => setTimeout(r, ms)) : undefined);

const { StateMachine } = require("aws-local-stepfunctions");
const validate = require("asl-validator");

const keyOf = (p) => ({ step: p.action, inline: "@" + (p.node ?? ""), gate: p.node ? "@" + p.node : "ask" })[p.task] ?? p.task;
const failure = (name) => Object.assign(new Error("it is a test"), { name });

function tasks(definition, found = {}) {
  for (const [name, state] of Object.entries(definition.States)) {
    if (state.Type === "Task") found[name] = state;
    for (const inner of state.Branches ?? (state.ItemProcessor ? [state.ItemProcessor] : [])) tasks(inner, found);
  }
  return found;
}

async function run(definition, { input, instant, plan }) {
  const calls = [], counts = {}, handlers = {}, retries = {};
  for (const [name, task] of Object.entries(tasks(definition))) {
    if (instant) retries[name] = 0;
    handlers[name] = async ({ FunctionName, Payload: p }) => {
      const key = keyOf(p), each = p.case + " " + key;
      const does = plan[each] ?? plan[key] ?? {};
      const call = { state: name, resource: task.Resource, function: FunctionName, payload: p, key, begin: now };
      calls.push(call);
      const n = (counts[each] = (counts[each] ?? 0) + 1);
      if (does.never) await new Promise(() => {});
      await nap(does.units);
      call.end = now;
      call.error = does.errors?.[n - 1] ?? does.always ?? "";
      if (call.error) throw failure(call.error);
      return { StatusCode: 200, Payload: does.result ?? (p.task === "settle" ? { case: p.case, status: "contained", clean: true } : "x".repeat(1000)) };
    };
  }
  const execution = new StateMachine(definition, { validationOptions: { noValidate: true } }).run(input, {
    overrides: { taskResourceLocalHandlers: handlers, retryIntervalOverrides: retries },
    context: { Execution: { Name: "execution-1" }, Task: { Token: "token-1" } },
  });
  const out = { calls, entered: [] };
  const logged = (async () => {
    for await (const e of execution.eventLogs) {
      if (e.type === "StateEntered") out.entered.push({ name: e.state.name, type: e.state.type, input: e.state.input, inCase: e.index !== undefined });
    }
  })();
  try {
    out.output = await execution.result;
  } catch (e) {
    out.error = e.cause?.name ?? e.name;
    out.cause = e.cause?.message ?? e.message;
  }
  out.took = now;
  await logged;
  return out;
}

async function main() {
  const { definition, jobs } = JSON.parse(require("fs").readFileSync(0, "utf8"));
  const { isValid, errorsText } = validate(structuredClone(definition)); // it changes its input
  if (!isValid) throw new Error(errorsText("\n"));
  let running = jobs.length;
  const all = Promise.all(jobs.map((job) => run(definition, job).finally(() => running--)));
  for (let idle = 0; running > 0; ) {
    await new Promise(setImmediate); // everything that can go on without the clock has gone on
    if (timers.length === 0) {
      if (++idle > 1000) throw new Error("an execution waits for nothing");
      continue;
    }
    idle = 0;
    now = Math.min(...timers.map((t) => t.at));
    const due = timers.filter((t) => t.at === now);
    timers = timers.filter((t) => t.at !== now);
    due.forEach((t) => t.f());
  }
  process.stdout.write(JSON.stringify(await all));
}
main().catch((e) => { console.error(e); process.exit(1); });
