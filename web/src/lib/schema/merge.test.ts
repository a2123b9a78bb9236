// Two people at one resource.
import { describe, expect, it } from 'vitest';

import { changes, put } from './edit';
import { merge } from './merge';

const BASE = { a: 1, b: { c: 2, d: 3 }, list: ['x', 'y'] };

describe('changes of two people', () => {
  it('to different fields are both kept', () => {
    const merged = merge(BASE, put(BASE, ['b', 'c'], 9), put(BASE, ['a'], 7));
    expect(merged).toEqual({ value: { a: 7, b: { c: 9, d: 3 }, list: ['x', 'y'] }, conflicts: [] });
  });

  it('to the same field are told, and theirs stands', () => {
    const merged = merge(BASE, put(BASE, ['b', 'c'], 9), put(BASE, ['b', 'c'], 8));
    expect(merged).toEqual({ value: put(BASE, ['b', 'c'], 8), conflicts: ['b.c'] });
  });

  it('that are the same are none', () => {
    expect(merge(BASE, put(BASE, ['a'], 9), put(BASE, ['a'], 9)).conflicts).toEqual([]);
  });

  it('inside what the other one deleted are told', () => {
    expect(merge(BASE, put(BASE, ['b', 'c'], 9), put(BASE, ['b'], undefined)).conflicts).toEqual(['b.c']);
  });
});

describe('changes from one value to another', () => {
  it('of a list are its items', () => {
    expect(changes(['a', 'b', 'c'], ['a', 'c'])).toEqual([{ path: [1], value: undefined }]);
    expect(changes(['a'], ['a', 'b'])).toEqual([{ path: [1], value: 'b' }]);
    expect(changes(['a', 'b'], ['b', 'c', 'd'])).toEqual([{ path: [], value: ['b', 'c', 'd'] }]);
  });
});
