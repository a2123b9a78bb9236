import { parse, type AST } from 'svelte/compiler';
import { expect, it } from 'vitest';

const sources = import.meta.glob<string>(['../../**/*.svelte', '!../../gallery/**'], {
  query: '?raw',
  import: 'default',
  eager: true,
});

/** Attributes and properties that people read or hear. */
const SAID = ['alt', 'aria-label', 'aria-description', 'description', 'hint', 'label', 'placeholder', 'text', 'title'];

/** Names of things, which are the same in every language. */
const NAMES = ['Troupe', 'YAML', 'Esc', '中文', 'English', 'skills/report'];

type Node = { type: string } & Record<string, unknown>;

/** The words that stand in a component itself. */
function wordsIn(source: string): string[] {
  const found: string[] = [];
  const look = (value: unknown): void => {
    if (Array.isArray(value)) return value.forEach(look);
    if (typeof value !== 'object' || value === null) return;
    const node = value as Node;
    if (node.type === 'Text') found.push(String(node.data));
    // Expressions may hold texts of any kind; words are said by `t` there.
    if (node.type === 'ExpressionTag' || node.type === 'StyleDirective') return;
    if (node.type === 'Attribute' && !SAID.includes(String(node.name))) return;
    for (const [key, child] of Object.entries(node)) if (key !== 'css' && key !== 'instance') look(child);
  };
  const { fragment }: AST.Root = parse(source, { modern: true });
  look(fragment);
  return found
    .map((text) => NAMES.reduce((rest, name) => rest.replaceAll(name, ''), text).trim())
    .filter((text) => /\p{L}{2}/u.test(text));
}

it('finds words that stand in markup, and those that are said of it', () => {
  expect(wordsIn('<p>Hello</p><img alt="A boat" class="boat" />{t("a.b")}{#if x}<b>there</b>{/if}')).toEqual([
    'Hello',
    'A boat',
    'there',
  ]);
});

it.each(Object.keys(sources))('%s says nothing by itself', (path) => {
  expect(wordsIn(sources[path] ?? '')).toEqual([]);
});
