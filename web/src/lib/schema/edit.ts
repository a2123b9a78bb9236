// Values as JSON has them: reading, comparing and changing them without touching the one that is there.
import type { Path } from './path';

export type Fields = Record<string, unknown>;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What stands at a path; `undefined` where nothing does. */
export function at(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((inner, step) => {
    if (typeof step === 'number') return Array.isArray(inner) ? (inner[step] as unknown) : undefined;
    return isFields(inner) && Object.hasOwn(inner, step) ? inner[step] : undefined;
  }, value);
}

/** The text at a path, empty where none stands. */
export function textAt(value: unknown, path: Path): string {
  const found = at(value, path);
  return typeof found === 'string' ? found : '';
}

/** The same value with another one at a path; `undefined` takes the field out, or the item. */
export function put(value: unknown, path: Path, next: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return next;
  if (typeof step === 'number') {
    const items: unknown[] = Array.isArray(value) ? [...(value as unknown[])] : [];
    const inner = put(items[step], rest, next);
    if (inner === undefined) items.splice(step, 1);
    else items[step] = inner;
    return items;
  }
  const fields: Fields = isFields(value) ? { ...value } : {};
  const inner = put(fields[step], rest, next);
  if (inner === undefined) delete fields[step];
  else fields[step] = inner;
  return fields;
}

/** Whether two values say the same; the order of fields says nothing. */
export function same(left: unknown, right: unknown): boolean {
  if (Object.is(left, right)) return true;
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((item, index) => same(item, right[index]));
  }
  if (!isFields(left) || !isFields(right)) return false;
  const names = Object.keys(left);
  return (
    names.length === Object.keys(right).length &&
    names.every((name) => Object.hasOwn(right, name) && same(left[name], right[name]))
  );
}

/** A change that leads from one value to another. */
export interface Change {
  path: Path;
  /** `undefined` where the field goes. */
  value: unknown;
}

/**
 * The smallest changes of fields that make `to` of `from`. A list whose length changes is one change at its place,
 * but for items that only come or go at its end.
 */
export function changes(from: unknown, to: unknown, path: Path = []): Change[] {
  if (same(from, to)) return [];
  if (isFields(from) && isFields(to)) {
    const gone = Object.keys(from).filter((name) => !Object.hasOwn(to, name));
    const left = gone.map((name) => ({ path: [...path, name], value: undefined }));
    return [...left, ...Object.keys(to).flatMap((name) => changes(from[name], to[name], [...path, name]))];
  }
  if (Array.isArray(from) && Array.isArray(to)) return changesOfList(from, to, path);
  return [{ path, value: to }];
}

function changesOfList(from: readonly unknown[], to: readonly unknown[], path: Path): Change[] {
  if (from.length === to.length) return to.flatMap((item, index) => changes(from[index], item, [...path, index]));
  const longer = from.length > to.length ? from : to;
  const shorter = from.length > to.length ? to : from;
  const start = shorter.findIndex((item, index) => !same(item, longer[index]));
  const first = start < 0 ? shorter.length : start;
  const added = longer.length - shorter.length;
  // Items that came or went together in one place leave the others, and their comments, as they are.
  const inOnePlace = shorter.slice(first).every((item, index) => same(item, longer[first + added + index]));
  if (!inOnePlace) return [{ path, value: to }];
  if (longer === from) {
    return Array.from({ length: added }, () => ({ path: [...path, first], value: undefined }));
  }
  if (first < from.length) return [{ path, value: to }];
  return to.slice(from.length).map((item, index) => ({ path: [...path, from.length + index], value: item }));
}
