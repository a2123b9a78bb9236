import { describe, expect, it } from 'vitest';

import { head, pretty, tokensOf, written } from './json';

describe('a text that a tool takes or gives', () => {
  it('is put on many lines where it is JSON', () => {
    expect(pretty('{"a":[1,true]}')).toBe('{\n  "a": [\n    1,\n    true\n  ]\n}');
    expect([pretty('hello'), pretty('{"a":'), pretty('12')]).toEqual([null, null, null]);
  });

  it('loses nothing when it is coloured', () => {
    const json = pretty('{"a\\"b": "x: 1", "n": -1.5, "w": null, "list": ["文", false]}') ?? '';
    const tokens = tokensOf(json);
    expect(tokens.map(({ text }) => text).join('')).toBe(json);
    expect(tokens.filter(({ kind }) => kind === 'key').map(({ text }) => text)).toEqual([
      '"a\\"b"',
      '"n"',
      '"w"',
      '"list"',
    ]);
    expect(tokens.filter(({ kind }) => kind === 'number').map(({ text }) => text)).toEqual(['-1.5']);
    expect(tokens.filter(({ kind }) => kind === 'word').map(({ text }) => text)).toEqual(['null', 'false']);
  });

  it('is not coloured where it is very long', () => {
    expect(tokensOf(`"${'x'.repeat(70_000)}"`)).toHaveLength(1);
  });

  it('is cut after some lines, and says how many there are', () => {
    expect(head('a\nb\nc', 2)).toEqual({ text: 'a\nb', total: 3, cut: true });
    expect(head('a\nb', 2)).toEqual({ text: 'a\nb', total: 2, cut: false });
  });

  it('is written as JSON where it is a value', () => {
    expect([written('a'), written({ a: 1 }), written(undefined)]).toEqual(['a', '{\n  "a": 1\n}', '']);
  });
});
