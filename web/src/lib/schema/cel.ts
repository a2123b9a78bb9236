// The part of CEL that the rules of the CRDs are written in, so that a form says at once what the service would say.
// What this does not understand is left to the service: `check` then answers `undefined`.
import { isFields, same } from './edit';

type Scope = Readonly<Record<string, unknown>>;
type Expression = (scope: Scope) => unknown;

/** Something that a rule asks for and that is not there, or that this file does not know. */
class Unknown extends Error {}

/** Whether `self` keeps a rule; `undefined` where that cannot be said here. */
export function check(rule: string, self: unknown): boolean | undefined {
  try {
    const outcome = compiled(rule)({ self });
    return typeof outcome === 'boolean' ? outcome : undefined;
  } catch (error) {
    if (error instanceof Unknown) return undefined;
    throw error;
  }
}

/** The fields of which a rule wants exactly one, where it is such a rule: `[has(self.a), …].filter(x, x).size() == 1`. */
export function alternatives(rule: string): string[] | undefined {
  const list = /^\[(.+)\]\.filter\(x, x\)\.size\(\) == 1$/.exec(rule)?.[1];
  const names = list?.split(', ').map((term) => /^has\(self\.(\w+)\)$/.exec(term)?.[1]);
  return names?.every((name) => name !== undefined) ? (names as string[]) : undefined;
}

/** Whether this file can read a rule at all. */
export function understands(rule: string): boolean {
  try {
    compiled(rule);
    return true;
  } catch {
    return false;
  }
}

const cache = new Map<string, Expression>();

function compiled(rule: string): Expression {
  const known = cache.get(rule);
  if (known) return known;
  const expression = new Parser(tokens(rule)).whole();
  cache.set(rule, expression);
  return expression;
}

const TOKEN =
  /\s*(?:('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|(\d+(?:\.\d+)?)|([A-Za-z_]\w*)|(\|\||&&|==|!=|<=|>=|[-!<>.,()[\]]))/y;

function tokens(text: string): string[] {
  const found: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.trimEnd().length) {
    const match = TOKEN.exec(text);
    if (!match) throw new Unknown(`cannot read ${text}`);
    found.push(match[0].trim());
  }
  return found;
}

const COMPARE: Readonly<Record<string, (left: unknown, right: unknown) => boolean>> = {
  '==': same,
  '!=': (left, right) => !same(left, right),
  '<=': (left, right) => number(left) <= number(right),
  '>=': (left, right) => number(left) >= number(right),
  '<': (left, right) => number(left) < number(right),
  '>': (left, right) => number(left) > number(right),
};

function number(value: unknown): number {
  if (typeof value !== 'number') throw new Unknown('no number');
  return value;
}

function boolean(value: unknown): boolean {
  if (typeof value !== 'boolean') throw new Unknown('no boolean');
  return value;
}

function field(value: unknown, name: string): unknown {
  if (!isFields(value) || !Object.hasOwn(value, name)) throw new Unknown(`no ${name}`);
  return value[name];
}

/** Whether a path of fields leads to something. */
function has(value: unknown, names: readonly string[]): boolean {
  const [name, ...rest] = names;
  if (name === undefined) return value !== undefined && value !== null;
  return isFields(value) && Object.hasOwn(value, name) && has(value[name], rest);
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new Unknown('no list');
  return value;
}

/** Methods whose arguments are values. */
const METHODS: Readonly<Record<string, (self: unknown, argument: unknown) => unknown>> = {
  size: (self) => (typeof self === 'string' ? [...self].length : list(self).length),
  matches: (self, pattern) => new RegExp(text(pattern), 'u').test(text(self)),
  startsWith: (self, start) => text(self).startsWith(text(start)),
};

function text(value: unknown): string {
  if (typeof value !== 'string') throw new Unknown('no text');
  return value;
}

type Holds = (item: unknown) => unknown;

/** Macros: a name, and what is asked of each item under it. */
const MACROS: Readonly<Record<string, (items: readonly unknown[], holds: Holds) => unknown>> = {
  filter: (items, holds) => items.filter((item) => boolean(holds(item))),
  exists: (items, holds) => items.some((item) => boolean(holds(item))),
  all: (items, holds) => items.every((item) => boolean(holds(item))),
  exists_one: (items, holds) => items.filter((item) => boolean(holds(item))).length === 1,
};

class Parser {
  private next = 0;

  constructor(private readonly tokens: readonly string[]) {}

  whole(): Expression {
    const expression = this.either();
    if (this.peek() !== undefined) throw new Unknown(`cannot read ${this.peek()}`);
    return expression;
  }

  private peek(): string | undefined {
    return this.tokens[this.next];
  }

  private take(expected?: string): string {
    const token = this.tokens[this.next++];
    if (token === undefined || (expected !== undefined && token !== expected)) throw new Unknown(`no ${expected}`);
    return token;
  }

  private takes(token: string): boolean {
    if (this.peek() !== token) return false;
    this.next++;
    return true;
  }

  private either(): Expression {
    let left = this.both();
    while (this.takes('||')) {
      const [first, second] = [left, this.both()];
      left = (scope) => boolean(first(scope)) || boolean(second(scope));
    }
    return left;
  }

  private both(): Expression {
    let left = this.comparison();
    while (this.takes('&&')) {
      const [first, second] = [left, this.comparison()];
      left = (scope) => boolean(first(scope)) && boolean(second(scope));
    }
    return left;
  }

  private comparison(): Expression {
    const left = this.unary();
    const compare = COMPARE[this.peek() ?? ''];
    if (!compare) return left;
    this.next++;
    const right = this.unary();
    return (scope) => compare(left(scope), right(scope));
  }

  private unary(): Expression {
    if (!this.takes('!')) return this.member(this.primary());
    const inner = this.unary();
    return (scope) => !boolean(inner(scope));
  }

  private primary(): Expression {
    const token = this.take();
    if (token === '(') {
      const inner = this.either();
      this.take(')');
      return inner;
    }
    if (token === '[') return this.items();
    if (token === 'has') return this.presence();
    if (token === 'true' || token === 'false') return () => token === 'true';
    if (/^\d/.test(token)) return () => Number(token);
    if (/^['"]/.test(token)) return () => token.slice(1, -1).replace(/\\(.)/g, '$1');
    if (/^\w/.test(token)) return (scope) => field(scope, token);
    throw new Unknown(`cannot read ${token}`);
  }

  private items(): Expression {
    const items: Expression[] = [];
    while (!this.takes(']')) {
      items.push(this.either());
      if (this.peek() !== ']') this.take(',');
    }
    return (scope) => items.map((item) => item(scope));
  }

  private presence(): Expression {
    this.take('(');
    const [root, names] = [this.take(), [] as string[]];
    while (this.takes('.')) names.push(this.take());
    this.take(')');
    return (scope) => has(field(scope, root), names);
  }

  private member(start: Expression): Expression {
    let value = start;
    while (this.takes('.')) {
      const [inner, name] = [value, this.take()];
      value = this.takes('(') ? this.call(inner, name) : (scope) => field(inner(scope), name);
    }
    return value;
  }

  private call(self: Expression, name: string): Expression {
    const macro = MACROS[name];
    if (macro) {
      const variable = this.take();
      this.take(',');
      const body = this.either();
      this.take(')');
      return (scope) => macro(list(self(scope)), (item) => body({ ...scope, [variable]: item }));
    }
    const method = METHODS[name];
    if (!method) throw new Unknown(`no ${name}()`);
    const argument = this.peek() === ')' ? undefined : this.either();
    this.take(')');
    return (scope) => method(self(scope), argument?.(scope));
  }
}
