// Text and form are one: what the form changes is changed in the text, and nothing else is.
import { describe, expect, it } from 'vitest';

import { put } from './edit';
import { formatPath } from './path';
import { locate, pathAt, read, rewrite, write } from './yaml';

const TEXT = `# Ours, by hand.
apiVersion: troupe.dev/v1alpha1
kind: Agent
metadata:
  name: assistant # the first
spec:
  displayName: "Assistant"

  # What it may do.
  tools:
  - builtin: Bash # a shell
  - tool: {name: checklist}
  limits:
    maxToolRounds: 20
  unheardOf:
    kept: [1, 2]
`;

const changed = (...edits: [string[] | (string | number)[], unknown][]) =>
  rewrite(
    TEXT,
    edits.reduce((value, [path, next]) => put(value, path, next), read(TEXT).value),
  );

describe('a change by the form', () => {
  it('of nothing leaves the text as it is, to the letter', () => {
    expect(rewrite(TEXT, read(TEXT).value)).toBe(TEXT);
  });

  it('of a text changes its line only', () => {
    expect(changed([['spec', 'displayName'], 'Helper'])).toBe(TEXT.replace('"Assistant"', '"Helper"'));
    expect(changed([['spec', 'limits', 'maxToolRounds'], 3])).toBe(TEXT.replace('20', '3'));
  });

  it('keeps comments, order, and what the form does not know', () => {
    const text = changed([['spec', 'description'], 'New.'], [['metadata', 'name'], 'other']);
    expect(text).toContain('name: other # the first');
    expect(text).toContain('# What it may do.');
    expect(text).toContain('kept: [1, 2]');
    expect(text.indexOf('unheardOf')).toBeLessThan(text.indexOf('description: New.'));
  });

  it('that takes an item out leaves the comments of the others', () => {
    const tools = [{ tool: { name: 'checklist' } }];
    const text = changed([['spec', 'tools'], tools]);
    expect(read(text).value).toMatchObject({ spec: { tools } });
    expect(text).toContain('# What it may do.');
  });

  it('that adds an item leaves those before it', () => {
    const text = changed([['spec', 'tools', 2], { builtin: 'Fetch' }]);
    expect(text).toContain('- builtin: Bash # a shell');
    expect(text).toContain('  - builtin: Fetch\n');
  });

  it('writes a text of several lines as a block', () => {
    const text = changed([['spec', 'systemPrompt'], { text: 'One.\nTwo: {{x}}\n' }]);
    expect(text).toContain('text: |\n      One.\n      Two: {{x}}\n');
  });

  it('of an empty text needs no quotes', () => {
    expect(rewrite('a: "" # x\n', { a: 'b' })).toBe('a: b # x\n');
    expect(rewrite('a: "" # x\n', { a: '1' })).toBe('a: "1" # x\n');
  });

  it('of a broken text writes the text anew', () => {
    expect(rewrite('a: [', { a: 1 })).toBe('a: 1\n');
    expect(rewrite('', { a: [] })).toBe(write({ a: [] }));
  });

  it('survives aliases', () => {
    const text = 'a: &x {b: 1}\nc: *x\n';
    const value = put(read(text).value, ['a', 'b'], 2);
    expect(read(rewrite(text, value)).value).toEqual({ a: { b: 2 }, c: { b: 1 } });
  });
});

describe('places', () => {
  const known = read(TEXT);
  const textAt = (path: (string | number)[]) => {
    const { from, to } = locate(known, path);
    return TEXT.slice(from, to);
  };

  it('of a finding are its field, or the nearest field around it', () => {
    expect(textAt(['spec', 'limits', 'maxToolRounds'])).toBe('maxToolRounds');
    expect(textAt(['spec', 'tools', 0])).toBe('builtin: Bash # a shell');
    expect(textAt(['spec', 'modelRef', 'name'])).toBe('spec');
    expect(textAt([])).toBe('# Ours, by hand.');
  });

  it('know their path', () => {
    const pathOf = (needle: string) => formatPath(pathAt(known, TEXT.indexOf(needle) + 1));
    expect(pathOf('maxToolRounds')).toBe('spec.limits.maxToolRounds');
    expect(pathOf('checklist')).toBe('spec.tools[1].tool.name');
  });

  it('of what is no YAML are told with it', () => {
    const { broken, value } = read('a: 1\nb: [1,\n');
    expect(value).toBeUndefined();
    expect(broken[0]?.from).toBeGreaterThan(4);
  });
});
