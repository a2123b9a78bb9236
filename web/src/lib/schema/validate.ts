// Checks a value against its schema while it is typed. The service checks the same and more; its words come later.
import { check } from './cel';
import { isFields, same } from './edit';
import type { Path } from './path';
import type { KindSchema, Schema, Type } from './kind';

/** What is wrong, as the key of a sentence in `resources.invalid` and what goes into it. */
export type Fault =
  | { code: 'type'; expected: Type }
  | { code: 'required'; name: string }
  | { code: 'unknown'; name: string }
  | { code: 'choice'; choices: string }
  | { code: 'pattern'; pattern: string }
  | { code: 'least'; least: number }
  | { code: 'most'; most: number }
  | { code: 'shortest'; least: number }
  | { code: 'longest'; most: number }
  | { code: 'fewest'; least: number }
  | { code: 'many'; most: number }
  | { code: 'duration' }
  | { code: 'decimal' }
  | { code: 'rule'; message: string };

export interface Finding {
  path: Path;
  fault: Fault;
}

/** The service's pattern of a duration, which is told in words. */
const DURATION = '^([0-9]{1,9}(\\.[0-9]{1,9})?(ms|s|m|h))+$';
/** The service's pattern of a decimal in quotes, which is told in words. */
const DECIMAL = '^[0-9]{1,9}(\\.[0-9]{1,6})?$';

/** Everything wrong with a whole manifest of a kind. */
export function checkManifest(kind: KindSchema, manifest: unknown): Finding[] {
  const spec = isFields(manifest) ? manifest.spec : undefined;
  const metadata = isFields(manifest) ? manifest.metadata : undefined;
  const findings = spec === undefined ? [missing([], 'spec')] : checkValue(kind.spec, spec, ['spec']);
  const named = isFields(metadata) && typeof metadata.name === 'string' && metadata.name !== '';
  if (!named) return [missing(['metadata'], 'name'), ...findings];
  return [...broken(kind.rules, manifest, ['metadata', 'name']), ...findings];
}

/** Everything wrong with a value, its fields first. */
export function checkValue(schema: Schema, value: unknown, path: Path): Finding[] {
  const found = (fault: Fault): Finding => ({ path, fault });
  if (!isOf(schema.type, value)) return [found({ code: 'type', expected: schema.type ?? 'object' })];
  if (schema.enum && !schema.enum.some((choice) => same(choice, value))) {
    return [found({ code: 'choice', choices: schema.enum.map(String).join(', ') })];
  }
  const own = [...inText(schema, value), ...inNumber(schema, value), ...inList(schema, value)].map(found);
  const inner = isFields(value) ? checkFields(schema, value, path) : checkItems(schema, value, path);
  const rules = own.length + inner.length > 0 ? [] : broken(schema.rules ?? [], defaulted(schema, value), path);
  return [...own, ...inner, ...rules];
}

function missing(path: Path, name: string): Finding {
  return { path: [...path, name], fault: { code: 'required', name } };
}

function broken(rules: NonNullable<Schema['rules']>, value: unknown, path: Path): Finding[] {
  const failed = rules.filter(({ rule }) => check(rule, value) === false);
  return failed.map(({ message }) => ({ path, fault: { code: 'rule', message } }));
}

/** Rules are read after defaults are filled in. */
function defaulted(schema: Schema, value: unknown): unknown {
  if (!isFields(value) || !schema.properties) return value;
  const defaults = Object.entries(schema.properties).filter(([, field]) => field.default !== undefined);
  return { ...Object.fromEntries(defaults.map(([name, field]) => [name, field.default])), ...value };
}

function isOf(type: Type | undefined, value: unknown): boolean {
  switch (type) {
    case undefined:
      return true;
    case 'object':
      return isFields(value);
    case 'array':
      return Array.isArray(value);
    case 'integer':
      return Number.isInteger(value);
    case 'int-or-string':
      return Number.isInteger(value) || typeof value === 'string';
    default:
      return typeof value === type;
  }
}

function checkFields(schema: Schema, value: Record<string, unknown>, path: Path): Finding[] {
  const { properties, values, open, required = [] } = schema;
  const absent = required.filter((name) => value[name] === undefined || value[name] === null);
  const present = Object.entries(value).flatMap(([name, field]): Finding[] => {
    const known = properties && Object.hasOwn(properties, name) ? properties[name] : values;
    // What is null is as good as absent, which is told above where it may not be.
    if (known) return field === null ? [] : checkValue(known, field, [...path, name]);
    const anything = open || (!properties && !values);
    return anything ? [] : [{ path: [...path, name], fault: { code: 'unknown', name } }];
  });
  const many = schema.maxProperties !== undefined && Object.keys(value).length > schema.maxProperties;
  const crowd: Finding[] = many ? [{ path, fault: { code: 'many', most: schema.maxProperties ?? 0 } }] : [];
  return [...absent.map((name) => missing(path, name)), ...present, ...crowd];
}

function checkItems(schema: Schema, value: unknown, path: Path): Finding[] {
  const { items } = schema;
  if (!Array.isArray(value) || !items) return [];
  return value.flatMap((item, index) => checkValue(items, item, [...path, index]));
}

function inText(schema: Schema, value: unknown): Fault[] {
  if (typeof value !== 'string') return [];
  const length = [...value].length;
  const faults: Fault[] = [];
  if (schema.minLength !== undefined && length < schema.minLength) {
    faults.push({ code: 'shortest', least: schema.minLength });
  } else if (schema.maxLength !== undefined && length > schema.maxLength) {
    faults.push({ code: 'longest', most: schema.maxLength });
  } else if (schema.pattern && !matches(schema.pattern, value)) {
    faults.push(patternFault(schema.pattern));
  }
  return faults;
}

function patternFault(pattern: string): Fault {
  if (pattern === DURATION) return { code: 'duration' };
  if (pattern === DECIMAL) return { code: 'decimal' };
  return { code: 'pattern', pattern };
}

/** Patterns of tools may be of a dialect that browsers do not read: the service decides then. */
function matches(pattern: string, value: string): boolean {
  try {
    return new RegExp(pattern).test(value);
  } catch {
    return true;
  }
}

function inNumber(schema: Schema, value: unknown): Fault[] {
  if (typeof value !== 'number') return [];
  if (schema.minimum !== undefined && value < schema.minimum) return [{ code: 'least', least: schema.minimum }];
  if (schema.maximum !== undefined && value > schema.maximum) return [{ code: 'most', most: schema.maximum }];
  return [];
}

function inList(schema: Schema, value: unknown): Fault[] {
  if (!Array.isArray(value)) return [];
  if (schema.minItems !== undefined && value.length < schema.minItems) {
    return [{ code: 'fewest', least: schema.minItems }];
  }
  if (schema.maxItems !== undefined && value.length > schema.maxItems) return [{ code: 'many', most: schema.maxItems }];
  return [];
}
