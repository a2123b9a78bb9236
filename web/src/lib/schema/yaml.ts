// Manifests as YAML text: reading them with the places of what is wrong, and changing fields so that comments,
// order and everything that a form does not know stay as they are.
import {
  Document,
  LineCounter,
  Pair,
  isCollection,
  isMap,
  isNode,
  isPair,
  isScalar,
  parseDocument,
  type Node,
} from 'yaml';

import { at, changes, type Change } from './edit';
import type { Path } from './path';

/** A place in a text, from 0; `to` is behind the last character. */
export interface Range {
  from: number;
  to: number;
}

/** Something that is no YAML. */
export interface Broken extends Range {
  message: string;
}

/** A text that was read. */
export interface Read {
  text: string;
  /** `undefined` where the text is empty or broken. */
  value: unknown;
  broken: Broken[];
  document: Document.Parsed;
}

/** Reads a text; what is wrong with it is told rather than thrown. */
export function read(text: string): Read {
  const document = parseDocument(text, { lineCounter: new LineCounter(), prettyErrors: false });
  const broken = document.errors.map(({ message, pos }) => ({
    message,
    from: pos[0],
    to: Math.max(pos[1], pos[0] + 1),
  }));
  // Documents refer to themselves by aliases; more of them than this is an attack rather than a manifest.
  const value = broken.length > 0 ? undefined : (document.toJS({ maxAliasCount: 100 }) as unknown);
  return { text, value: value ?? undefined, broken, document };
}

/** A value as YAML, for a text that does not exist yet. */
export function write(value: unknown): string {
  return new Document(value).toString(STYLE);
}

const STYLE = { lineWidth: 0, indentSeq: false } as const;

/** The text with another value, changed where the values differ only. A broken text is written anew. */
export function rewrite(text: string, value: unknown): string {
  const before = read(text);
  if (before.value === undefined || before.broken.length > 0) return write(value);
  const made = changes(before.value, value);
  if (made.length === 0) return text;
  const { document } = before;
  for (const change of made) apply(document, change);
  const written = document.toString({ ...STYLE, ...styleOf(text) });
  // Aliases can make one change two: then the value is what counts.
  return same(read(written).value, value) ? written : write(value);
}

function same(left: unknown, right: unknown): boolean {
  return changes(left, right).length === 0;
}

function apply(document: Document.Parsed, { path, value }: Change): void {
  if (value === undefined) {
    document.deleteIn(path);
    return;
  }
  if (path.length === 0) {
    document.contents = document.createNode(value) as unknown as typeof document.contents;
    return;
  }
  const present = document.getIn(path, true);
  // A text that is replaced by a text keeps its comment, and its quotes where it still wants them.
  if (isScalar(present) && !isStructured(value)) {
    if (typeof value === 'string' && value.includes('\n')) present.type = 'BLOCK_LITERAL';
    // The quotes of an empty text are nobody's wish.
    else if (present.value === '') present.type = 'PLAIN';
    present.value = value;
    return;
  }
  const parent = path.length > 1 ? document.getIn(path.slice(0, -1), true) : document.contents;
  const node = document.createNode(value);
  // What goes into an empty `{}` is written below it rather than inside its braces.
  if (isCollection(parent) && parent.flow && parent.items.length === 0) parent.flow = false;
  document.setIn(path, node);
}

function isStructured(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

/** How a text is written: the items of a list deeper than its name or not, spaces inside braces or not. */
function styleOf(text: string): { indentSeq: boolean; flowCollectionPadding: boolean } {
  const list = /^( *)(?:- )?[^\s#-][^\n]*:[ \t]*\n(?:[ \t]*(?:#[^\n]*)?\n)*( *)- /m.exec(text);
  const indentSeq = (list?.[2] ?? '').length > (list?.[1] ?? '').length;
  return { indentSeq, flowCollectionPadding: /: [{[] /.test(text) };
}

/** Where a path stands in a text that was read, to the end of its first line; the nearest field around it where it
 *  does not stand itself. */
export function locate({ document, text }: Read, path: Path): Range {
  for (let length = path.length; length > 0; length--) {
    const range = rangeOf(document, path.slice(0, length));
    if (range) return firstLine(text, range);
  }
  return firstLine(text, { from: 0, to: text.length });
}

function firstLine(text: string, { from, to }: Range): Range {
  const end = text.indexOf('\n', from);
  return { from, to: end < 0 ? to : Math.min(to, end) };
}

function rangeOf(document: Document.Parsed, path: Path): Range | undefined {
  const parent = path.length > 1 ? document.getIn(path.slice(0, -1), true) : document.contents;
  const last = path.at(-1);
  if (isMap(parent)) {
    const pair = parent.items.find((item) => isPair(item) && keyOf(item) === last);
    const key = pair?.key;
    if (isNode(key) && key.range) return { from: key.range[0], to: key.range[1] };
  }
  const node = document.getIn(path, true) as Node | undefined;
  return isNode(node) && node.range
    ? { from: node.range[0], to: Math.max(node.range[1], node.range[0] + 1) }
    : undefined;
}

function keyOf(pair: Pair): unknown {
  return isScalar(pair.key) ? pair.key.value : pair.key;
}

/** The path of the field at a place of a text, for what an editor says of where the cursor is. */
export function pathAt({ document, value }: Read, offset: number): Path {
  const path: (string | number)[] = [];
  let node: unknown = document.contents;
  for (;;) {
    const step = stepTo(node, offset);
    if (step === undefined || at(value, [...path, step]) === undefined) return path;
    path.push(step);
    node = document.getIn(path, true);
  }
}

function stepTo(node: unknown, offset: number): string | number | undefined {
  if (!isCollection(node)) return undefined;
  const holds = (range: Node['range']) => range && range[0] <= offset && offset <= range[2];
  for (const [index, item] of node.items.entries()) {
    if (isPair(item)) {
      const inKey = isNode(item.key) && holds(item.key.range);
      const inValue = isNode(item.value) && holds(item.value.range);
      if (inKey || inValue) return String(keyOf(item));
    } else if (isNode(item) && holds(item.range)) return index;
  }
  return undefined;
}
