import { describe, expect, it } from 'vitest';

import { indexAt, offsetsOf } from './virtual';

describe('a long list', () => {
  const heights = [10, 30, 5, 5];
  const offsets = offsetsOf(heights.length, (index) => heights[index] ?? 0);

  it('knows where each row begins and how high all are', () => {
    expect([...offsets]).toEqual([0, 10, 40, 45, 50]);
  });

  it.each([
    [-5, 0],
    [0, 0],
    [9, 0],
    [10, 1],
    [39, 1],
    [40, 2],
    [49, 3],
    [900, 3],
  ])('finds the row at %d', (distance, index) => {
    expect(indexAt(offsets, distance)).toBe(index);
  });

  it('has no rows when it is empty', () => {
    expect(indexAt(offsetsOf(0, () => 10), 100)).toBe(0);
  });
});
