import { describe, expect, it } from 'vitest';

import { pretty, written } from './json';

describe('a text that a tool takes or gives', () => {
  it('is put on many lines where it is JSON', () => {
    expect(pretty('{"a":[1,true]}')).toBe('{\n  "a": [\n    1,\n    true\n  ]\n}');
    expect([pretty('hello'), pretty('{"a":'), pretty('12')]).toEqual([null, null, null]);
  });

  it('is written as JSON where it is a value', () => {
    expect([written('a'), written({ a: 1 }), written(undefined)]).toEqual(['a', '{\n  "a": 1\n}', '']);
  });
});
