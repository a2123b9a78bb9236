// The arguments of a tool as a form: JSON Schema of any kind becomes the schema that forms know.
// What a form cannot say (`oneOf` over objects, tuples, …) becomes a field for JSON, so that every tool can be called.
import { isFields } from './edit';
import type { Schema, Type } from './kind';

/** References that go round in a circle, or deeper than any form is readable, become JSON. */
const DEEPEST = 8;

/** The form of a tool's arguments. */
export function argumentsSchema(parameters: unknown): Schema {
  const root = isFields(parameters) ? parameters : {};
  const schema = converted(root, root, 0);
  return schema.type === 'object' ? schema : { type: 'object', open: true, description: schema.description };
}

function converted(raw: unknown, root: unknown, depth: number): Schema {
  if (!isFields(raw) || depth > DEEPEST) return {};
  const schema = merged(resolved(raw, root), root);
  const description = text(schema.description) ?? text(schema.title);
  const base: Schema = { description, default: schema.default };
  const type = typeOf(schema);
  if ('const' in schema) return { ...base, enum: [schema.const] };
  if (Array.isArray(schema.enum)) return { ...base, type, enum: schema.enum.filter((choice) => choice !== null) };
  switch (type) {
    case 'object':
      return { ...base, ...objectOf(schema, root, depth) };
    case 'array':
      return { ...base, type, ...listOf(schema, root, depth) };
    case 'string':
      return { ...base, type, ...textOf(schema) };
    case 'integer':
    case 'number':
      return { ...base, type, minimum: number(schema.minimum), maximum: number(schema.maximum) };
    default:
      return { ...base, type };
  }
}

function objectOf(schema: Record<string, unknown>, root: unknown, depth: number): Partial<Schema> {
  const properties = isFields(schema.properties) ? schema.properties : undefined;
  const inner = (value: unknown) => converted(value, root, depth + 1);
  const fields = Object.entries(properties ?? {}).map(([name, value]) => [name, inner(value)] as const);
  const values = isFields(schema.additionalProperties) && !properties ? inner(schema.additionalProperties) : undefined;
  const required = Array.isArray(schema.required) ? schema.required.filter((name) => typeof name === 'string') : [];
  const type = 'object' as const;
  if (properties) return { type, properties: Object.fromEntries(fields), required };
  return values?.type === 'string' ? { type, values } : { type, open: true };
}

function listOf(schema: Record<string, unknown>, root: unknown, depth: number): Partial<Schema> {
  const items = isFields(schema.items) ? converted(schema.items, root, depth + 1) : undefined;
  return { items, minItems: number(schema.minItems), maxItems: number(schema.maxItems) };
}

function textOf(schema: Record<string, unknown>): Partial<Schema> {
  const [minLength, maxLength] = [number(schema.minLength), number(schema.maxLength)];
  return { pattern: text(schema.pattern), minLength, maxLength };
}

/** What a `$ref` into the same document means. */
function resolved(schema: Record<string, unknown>, root: unknown): Record<string, unknown> {
  const seen = new Set<string>();
  let found = schema;
  while (typeof found.$ref === 'string' && !seen.has(found.$ref)) {
    seen.add(found.$ref);
    const { $ref, ...beside } = found;
    const target = pointed(root, $ref as string);
    if (!isFields(target)) return beside;
    found = { ...target, ...beside };
  }
  return found;
}

function pointed(root: unknown, reference: string): unknown {
  if (!reference.startsWith('#')) return undefined;
  const steps = reference.slice(1).split('/').slice(1);
  const plain = (step: string) => decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~');
  return steps.reduce<unknown>((value, step) => (isFields(value) ? value[plain(step)] : undefined), root);
}

/** `allOf` folded in, and the only branch that is not null of `anyOf` and `oneOf`. */
function merged(schema: Record<string, unknown>, root: unknown): Record<string, unknown> {
  const { allOf, anyOf, oneOf, ...rest } = schema;
  if (Array.isArray(allOf)) {
    const parts = allOf.filter(isFields).map((part) => merged(resolved(part, root), root));
    const properties = Object.assign({}, ...[...parts, rest].map((part) => part.properties ?? {}));
    const required = [...parts, rest].flatMap((part) => (Array.isArray(part.required) ? part.required : []));
    const whole = Object.assign({}, ...parts, rest) as Record<string, unknown>;
    return Object.keys(properties as object).length > 0 ? { ...whole, properties, required } : whole;
  }
  const branches = [anyOf, oneOf].find(Array.isArray)?.filter(isFields);
  const real = branches?.map((branch) => resolved(branch, root)).filter((branch) => branch.type !== 'null');
  if (real?.length === 1 && real[0]) return { ...merged(real[0], root), ...rest };
  const constants = real?.every((branch) => 'const' in branch) ? real.map((branch) => branch.const) : undefined;
  return constants?.length ? { ...rest, enum: constants } : rest;
}

const TYPES: readonly string[] = ['object', 'array', 'string', 'integer', 'number', 'boolean'];

function typeOf(schema: Record<string, unknown>): Type | undefined {
  const types = (Array.isArray(schema.type) ? schema.type : [schema.type]).filter((type) => type !== 'null');
  if (types.length === 1 && TYPES.includes(types[0] as string)) return types[0] as Type;
  return types[0] === undefined && isFields(schema.properties) ? 'object' : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
