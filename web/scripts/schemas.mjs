// Writes src/lib/schema/kinds/*.json from the CRDs, so that forms and checks follow the API without being written twice.
// With --check it writes nothing and fails if a committed file is another one.
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { format, resolveConfig } from 'prettier';
import { parse } from 'yaml';

const crds = new URL('../../crds/', import.meta.url);
const kinds = new URL('../src/lib/schema/kinds/', import.meta.url);

const KEPT = ['type', 'description', 'enum', 'default', 'pattern', 'minimum', 'maximum', 'minLength', 'maxLength'];
const ALSO_KEPT = ['minItems', 'maxItems', 'maxProperties', 'required'];

const every = (fields, change) =>
  Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, change(field)]));

/** One schema with the words of Kubernetes replaced by shorter ones. */
function reduced(schema) {
  const result = {};
  for (const keyword of [...KEPT, ...ALSO_KEPT]) {
    if (keyword in schema) result[keyword] = schema[keyword];
  }
  if (schema['x-kubernetes-preserve-unknown-fields']) result.open = true;
  if (schema['x-kubernetes-int-or-string']) result.type = 'int-or-string';
  const rules = schema['x-kubernetes-validations'];
  if (rules) result.rules = rules.map(({ rule, message }) => ({ rule, message }));
  if (schema.properties) result.properties = every(schema.properties, reduced);
  if (schema.items) result.items = reduced(schema.items);
  if (typeof schema.additionalProperties === 'object') result.values = reduced(schema.additionalProperties);
  return result;
}

/** The form of one kind: its names and the schema of its spec. */
function kindOf(text) {
  const { names, versions } = parse(text).spec;
  const whole = versions[0].schema.openAPIV3Schema;
  return {
    kind: names.kind,
    plural: names.plural,
    description: whole.description,
    rules: (whole['x-kubernetes-validations'] ?? []).map(({ rule, message }) => ({ rule, message })),
    spec: reduced(whole.properties.spec),
  };
}

const options = await resolveConfig(fileURLToPath(new URL('x.json', kinds)));
const check = process.argv.includes('--check');
let differ = false;

for (const file of readdirSync(crds).filter((name) => name.endsWith('.yaml'))) {
  const kind = kindOf(readFileSync(new URL(file, crds), 'utf8'));
  const target = new URL(`${kind.plural}.json`, kinds);
  const text = await format(JSON.stringify(kind), { ...options, parser: 'json' });
  if (!check) {
    writeFileSync(target, text);
  } else if (!existsSync(target) || readFileSync(target, 'utf8') !== text) {
    differ = true;
    console.error(`${fileURLToPath(target)} is not what crds/${file} says: run \`node scripts/schemas.mjs\``);
  }
}
process.exitCode = differ ? 1 : 0;
