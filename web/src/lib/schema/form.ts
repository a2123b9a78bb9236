// What a form shows of a schema: which control for each field, in which order, and what depends on what.
import { alternatives } from './cel';
import { at, isFields, put } from './edit';
import type { Plural, Schema } from './kind';
import type { Path } from './path';

export type Control =
  'text' | 'paragraph' | 'number' | 'switch' | 'choice' | 'reference' | 'secret' | 'group' | 'list' | 'map' | 'json';

/** One field of a form. */
export interface Field {
  name: string;
  schema: Schema;
  control: Control;
  required: boolean;
  /** The kind that a reference names. */
  target?: Plural;
  /** The reference is the name alone, without an object around it. */
  bare?: boolean;
  /** A field beside it without which it means nothing. */
  needs?: string;
  /** It is one of those of which exactly one is set. */
  alternative?: boolean;
}

/** What the name of a reference says of its kind. */
const TARGETS: Readonly<Record<string, Plural>> = {
  modelRef: 'models',
  summaryModelRef: 'models',
  fallbacks: 'models',
  templateRef: 'prompttemplates',
  promptTemplateRef: 'prompttemplates',
  mcpServer: 'mcpservers',
  server: 'mcpservers',
  tool: 'tools',
  toolRef: 'tools',
  agent: 'agents',
  agents: 'agents',
  agentRef: 'agents',
  teamRef: 'teams',
};

/** Texts of this length and more are paragraphs rather than lines; addresses and paths are lines all the same. */
const PARAGRAPH = 4096;
const LINES = new Set(['url', 'baseUrl', 'path', 'command', 'avatar', 'tokenUrl', 'value', 'image', 'supervisor']);

/** Fields that say how something is served rather than what it is. They come last. */
const LAST = ['suspend', 'revisionHistoryLimit', 'publishedRevision'];

const REFERENCE = /^Name of the (object|PromptTemplate), in the same namespace\.$/;
const SECRET = /^Name of the Secret\.$/;

/** A field by its schema; `parent` is the name of the field around it. */
export function fieldOf(name: string, schema: Schema, required: boolean, parent = name): Field {
  const field: Field = { name, schema, control: controlOf(name, schema), required };
  if (field.control === 'reference') field.target = TARGETS[name] ?? TARGETS[parent];
  if (isBare(name, schema)) field.bare = true;
  // A reference whose kind cannot be told is a name to be typed.
  if (field.control === 'reference' && !field.target) field.control = field.bare ? 'text' : 'group';
  return field;
}

/** The field that each item of a list is. */
export function itemOf(list: Field): Field {
  return fieldOf(list.name, list.schema.items ?? {}, true);
}

/** The fields of a group, those that must be there first; `parent` is the group's name. */
export function fieldsOf(schema: Schema, parent = ''): Field[] {
  const { properties = {}, required = [] } = schema;
  const union = unionOf(schema);
  const needs = needsOf(schema);
  const fields = Object.entries(properties).map(([name, inner]): Field => {
    const field = fieldOf(name, inner, required.includes(name), parent);
    if (needs[name]) field.needs = needs[name];
    if (union.includes(name)) field.alternative = true;
    return field;
  });
  const rank = (field: Field) => (LAST.includes(field.name) ? 2 : field.required || field.alternative ? 0 : 1);
  return fields.sort((left, right) => rank(left) - rank(right));
}

/** The fields of which exactly one is set, where the schema has such a rule. */
export function unionOf(schema: Schema): string[] {
  for (const { rule } of schema.rules ?? []) {
    const names = alternatives(rule);
    if (names) return names;
  }
  return [];
}

/** The field of a union that a value has set. */
export function chosen(schema: Schema, value: unknown): string | undefined {
  return isFields(value) ? unionOf(schema).find((name) => value[name] !== undefined) : undefined;
}

/** Whether a field is to be shown beside a value: what it needs is there, or it is set itself. */
export function isShown(field: Field, value: unknown): boolean {
  if (!field.needs) return true;
  return isFields(value) && (value[field.needs] !== undefined || value[field.name] !== undefined);
}

/** What a field starts with when it is added to a form. */
export function blank(schema: Schema): unknown {
  if (schema.default !== undefined) return schema.default;
  if (schema.enum) return schema.enum[0];
  switch (schema.type) {
    case 'object': {
      const required = (schema.required ?? []).map((name) => [name, blank(schema.properties?.[name] ?? {})] as const);
      return Object.fromEntries(required);
    }
    case 'array':
      return [];
    case 'boolean':
      return false;
    case 'integer':
    case 'number':
      return schema.minimum ?? 0;
    default:
      return '';
  }
}

/** The schema of what stands at a path; `undefined` where nothing is known of it. */
export function schemaAt(schema: Schema, path: Path): Schema | undefined {
  return path.reduce<Schema | undefined>((inner, step) => {
    if (typeof step === 'number') return inner?.items;
    const { properties } = inner ?? {};
    return properties && Object.hasOwn(properties, step) ? properties[step] : inner?.values;
  }, schema);
}

/**
 * The value without the empty objects around a field that was taken out. Items of lists stay, and so does what must be
 * there or was chosen among alternatives.
 */
export function pruned(schema: Schema, value: unknown, path: Path): unknown {
  const [parent, name] = [path.slice(0, -1), path.at(-1)];
  if (parent.length === 0 || at(value, path) !== undefined) return value;
  const around = at(value, parent);
  const step = parent.at(-1);
  const holder = schemaAt(schema, parent.slice(0, -1));
  const isEmpty = isFields(around) && Object.keys(around).length === 0;
  const stays =
    typeof step === 'number' ||
    !holder ||
    holder.required?.includes(step ?? '') ||
    unionOf(holder).includes(step ?? '');
  if (!isEmpty || stays || name === undefined) return value;
  return pruned(schema, put(value, parent, undefined), parent);
}

function needsOf(schema: Schema): Record<string, string> {
  const pattern = /^!has\(self\.(\w+)\)(?: \|\| self\.\w+\.size\(\) == 0)? \|\| has\(self\.(\w+)\)$/;
  const pairs = (schema.rules ?? []).map(({ rule }) => pattern.exec(rule));
  return Object.fromEntries(pairs.flatMap((pair) => (pair?.[1] && pair[2] ? [[pair[1], pair[2]]] : [])));
}

function isBare(name: string, schema: Schema): boolean {
  return name === 'name' && schema.type === 'string' && REFERENCE.test(schema.description ?? '');
}

function controlOf(name: string, schema: Schema): Control {
  if (schema.enum) return 'choice';
  switch (schema.type) {
    case 'boolean':
      return 'switch';
    case 'integer':
    case 'number':
      return 'number';
    case 'array':
      return schema.items ? 'list' : 'json';
    case 'object':
      return controlOfObject(schema);
    case 'string':
    case 'int-or-string':
      return controlOfText(name, schema);
    default:
      return 'json';
  }
}

function controlOfObject({ properties, values, open }: Schema): Control {
  if (values) return values.type === 'string' || values.type === 'int-or-string' ? 'map' : 'json';
  if (!properties || open) return 'json';
  const names = Object.keys(properties);
  const description = properties.name?.description ?? '';
  if (names.length === 1 && REFERENCE.test(description)) return 'reference';
  if (names.length === 2 && properties.key && SECRET.test(description)) return 'secret';
  return 'group';
}

function controlOfText(name: string, schema: Schema): Control {
  if (isBare(name, schema)) return 'reference';
  const isLong = (schema.maxLength ?? 0) >= PARAGRAPH || schema.format === 'paragraph';
  return isLong && !LINES.has(name) ? 'paragraph' : 'text';
}
