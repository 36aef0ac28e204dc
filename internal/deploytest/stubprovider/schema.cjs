// Prints the schema of the provider hashicorp/aws, as far as the resources and data sources that the arguments name
// (aws_sqs_queue, data.aws_region), as JSON for the stub provider. It is read from what @cdktf/provider-aws was generated
// into: the TypeScript source of each type, in its source map, names every attribute's type and says of each whether it is
// computed, optional, required. A name that the provider does not have is left out; terraform then says so.
'use strict';
const fs = require('fs');
const path = require('path');

const lib = path.dirname(require.resolve('@cdktf/provider-aws/package.json')) + '/lib';

// source is the TypeScript source of a type, or null if the provider has none of that name.
function source(folder) {
  const file = path.join(lib, folder, 'index.js');
  if (!fs.existsSync(file)) return null;
  const map = fs.readFileSync(file, 'utf8').match(/sourceMappingURL=data:application\/json;(?:charset=utf-8;)?base64,(\S+)/);
  return JSON.parse(Buffer.from(map[1], 'base64').toString()).sourcesContent[0];
}

// classes cuts a source into its classes: name → text.
function classes(text) {
  const out = new Map();
  for (const part of text.split(/^export class /m).slice(1)) out.set(part.match(/^\w+/)[0], part);
  return out;
}

// flags gives of each attribute that a class has: {computed, optional, required, getter}.
function flags(text) {
  const out = {};
  const line = /^ +\/\/ (\w+) - computed: (\w+), optional: (\w+), required: (\w+)\n([^]*?)(?=^ +\/\/ \w+ - computed:|^ +\/\/ ====)/gm;
  for (const [, name, computed, optional, required, body] of text.matchAll(line)) {
    const getter = body.match(/get(String|Number|Boolean|List|StringMap)Attribute\(/);
    out[name] = { computed: computed === 'true', optional: optional === 'true', required: required === 'true', getter: getter && getter[1] };
  }
  return out;
}

// settable gives what the configuration may have, from the table "name: {value, isBlock, type, storageClassType}".
function settable(text) {
  const out = {};
  const entry = /^ +(\w+): \{\n\s+value: (.*),\n\s+isBlock: (true|false),\n\s+type: "(\w+)",\n\s+storageClassType: "(\w+)",\n/gm;
  for (const [, name, value, isBlock, type, storage] of text.matchAll(entry)) {
    out[name] = { many: value.includes('listMapperHcl('), isBlock: isBlock === 'true', type, storage };
  }
  return out;
}

const scalars = { string: 'string', number: 'number', boolean: 'bool' };
const collections = { String: 'string', Number: 'number', Boolean: 'bool' };

// typeOf gives the type of a settable attribute as Terraform writes it in JSON, or null for one of objects.
function typeOf(a) {
  if (scalars[a.storage]) return scalars[a.storage];
  const m = a.storage.match(/^(string|number|boolean)(List|Map)$/);
  return m ? [a.type, scalars[m[1]]] : null;
}

function typeOfGetter(getter) {
  if (collections[getter]) return collections[getter];
  return { List: ['list', 'string'], StringMap: ['map', 'string'] }[getter] || null;
}

// block gives {attributes, blocks} of a struct (its functions and classes are named after it) or of the type itself.
function block(text, known, flagsIn, table) {
  const attributes = {}, blocks = {};
  for (const [name, f] of Object.entries(flagsIn)) {
    const a = table[name];
    const type = a ? typeOf(a) : typeOfGetter(f.getter);
    if (type) {
      attributes[name] = { type, required: f.required, optional: f.optional, computed: f.computed };
    } else if (a) {
      const of = a.type === 'struct' ? a.storage : a.storage.replace(/List$/, '');
      blocks[name] = { nesting: a.type === 'struct' ? 'single' : a.type, required: f.required, max: a.many || a.type === 'struct' ? 0 : 1, block: struct(text, known, of) };
    } // else: computed objects, which nothing of ours reads
  }
  return { attributes, blocks };
}

function struct(text, known, name) {
  const fn = name[0].toLowerCase() + name.slice(1) + 'ToHclTerraform';
  const from = text.indexOf(`export function ${fn}(`);
  if (from < 0) throw new Error(`no function ${fn}`);
  const reference = known.get(name + 'OutputReference') || ''; // the provider's own blocks have none
  const table = settable(text.slice(from, text.indexOf('\n}\n', from)));
  return block(text, known, { ...plain(table), ...flags(reference + '\n  // ====\n') }, table);
}

// plain: a struct whose attributes carry no comment has optional ones.
function plain(table) {
  return Object.fromEntries(Object.keys(table).map((name) => [name, { computed: false, optional: true, required: false }]));
}

function type(folder) {
  const text = source(folder);
  if (text === null) return null;
  const known = classes(text);
  const [main] = [...known].filter(([, body]) => /^\w+ extends cdktf\.Terraform(Resource|DataSource|Provider) /.test(body)).map(([, body]) => body);
  return block(text, known, flags(main), settable(main.slice(main.indexOf('synthesizeHclAttributes'))));
}

const out = { provider: type('provider'), resources: {}, data: {} };
for (const name of process.argv.slice(2)) {
  const data = name.startsWith('data.');
  const found = type((data ? 'data-aws-' : '') + name.replace(/^data\./, '').replace(/^aws_/, '').replace(/_/g, '-'));
  if (found) (data ? out.data : out.resources)[name.replace(/^data\./, '')] = found;
}
process.stdout.write(JSON.stringify(out));
