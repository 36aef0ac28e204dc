// Holds a template's resources (resolved, JSON on standard input) against AWS's schemas of CloudFormation, and prints what is
// wrong and which property of each type holds the tags.
const { loadAwsServiceSpecSync } = require("@aws-cdk/aws-service-spec");

const db = loadAwsServiceSpecSync();
const input = JSON.parse(require("fs").readFileSync(0, "utf8"));
const problems = [];
const tags = {};

// CloudFormation takes numbers and truth values as text, too.
const scalars = {
  string: (v) => ["string", "number", "boolean"].includes(typeof v),
  number: (v) => v !== "" && !Number.isNaN(Number(v)),
  integer: (v) => v !== "" && Number.isInteger(Number(v)),
  boolean: (v) => ["true", "false"].includes(String(v)),
  "date-time": (v) => typeof v === "string",
};

function check(type, v, at, say) {
  switch (type.type) {
    case "json":
      return;
    case "array":
      if (!Array.isArray(v)) return say(`${at}: is no list`);
      return v.forEach((item, n) => check(type.element, item, `${at}[${n}]`, say));
    case "map":
      if (typeof v !== "object" || Array.isArray(v)) return say(`${at}: is no map`);
      return Object.entries(v).forEach(([key, item]) => check(type.element, item, `${at}.${key}`, say));
    case "tag":
      return v && v.Key && v.Value !== undefined ? undefined : say(`${at}: is no tag`);
    case "ref":
      if (typeof v !== "object" || Array.isArray(v)) return say(`${at}: is no object`);
      return properties(db.get("typeDefinition", type.reference.$ref).properties, v, at, say);
    case "union": {
      const tries = type.types.map((one) => { const said = []; check(one, v, at, (s) => said.push(s)); return said; });
      if (tries.some((said) => said.length === 0)) return;
      return tries[tries.length - 1].forEach(say);
    }
  }
  if (!scalars[type.type]) return say(`${at}: type ${type.type} is not understood`);
  if (!scalars[type.type](v)) return say(`${at}: ${JSON.stringify(v)} is no ${type.type}`);
  if (type.allowedValues && !type.allowedValues.map(String).includes(String(v))) say(`${at}: ${v} is none of ${type.allowedValues}`);
}

function properties(schema, v, at, say) {
  for (const [name, item] of Object.entries(v)) {
    if (!schema[name]) say(`${at}.${name}: there is no such property`);
    else check(schema[name].type, item, `${at}.${name}`, say);
  }
  for (const [name, p] of Object.entries(schema)) if (p.required && v[name] === undefined) say(`${at}.${name}: is required`);
}

for (const [id, r] of Object.entries(input)) {
  const [known] = db.lookup("resource", "cloudFormationType", "equals", r.Type);
  if (!known) {
    problems.push(`${id}: there is no resource type ${r.Type}`);
    continue;
  }
  if (known.tagInformation) tags[r.Type] = known.tagInformation.tagPropertyName;
  properties(known.properties, r.Properties, id, (s) => problems.push(s));
}
process.stdout.write(JSON.stringify({ problems, tags }));
