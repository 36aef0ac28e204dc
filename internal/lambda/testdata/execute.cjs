// Executes a state machine as AWS Step Functions would. Input: {machine, input, function, pause}: every Task calls the
// function at that address over HTTP; a retrier pauses for `pause` milliseconds. Output: {output | error, log}.
const { StateMachine } = require("aws-local-stepfunctions");

const tasks = (states, found = {}) => {
  for (const [name, state] of Object.entries(states)) {
    if (state.Type === "Task") found[name] = state;
    for (const inner of [...(state.Branches ?? []), state.ItemProcessor, state.Iterator]) if (inner) tasks(inner.States, found);
  }
  return found;
};

const call = (address) => async ({ Payload }) => {
  const response = await fetch(address, { method: "POST", body: JSON.stringify(Payload) });
  const { result, error } = await response.json();
  if (!error) return { Payload: result };
  const thrown = new Error(error.errorMessage);
  thrown.name = error.errorType;
  throw thrown;
};

async function main() {
  const { machine, input, name, function: address, pause } = JSON.parse(require("fs").readFileSync(0, "utf8"));
  machine.TimeoutSeconds = Math.min(machine.TimeoutSeconds, 24 * 60 * 60); // a timer of Node's overflows after 24 days
  const handlers = {}, pauses = {};
  for (const [state, definition] of Object.entries(tasks(machine.States))) {
    handlers[state] = call(address);
    pauses[state] = (definition.Retry ?? []).map(() => pause);
  }
  const run = new StateMachine(machine, { validationOptions: { noValidate: true } }).run(input, {
    overrides: { taskResourceLocalHandlers: handlers, retryIntervalOverrides: pauses },
    context: { Execution: { Name: name, Input: input, StartTime: new Date().toISOString() }, Task: { Token: `token of ${name}` } },
  });
  const log = [];
  const logged = (async () => { for await (const event of run.eventLogs) log.push(event); })();
  let answer;
  try { answer = { output: await run.result }; } catch (e) { answer = { error: { name: e.name, message: e.message } }; }
  await logged;
  process.stdout.write(JSON.stringify({ ...answer, log }));
}

main();
