import { describe, expect, it } from 'vitest';

import { NOTHING, all, countOf, isSelected, move, only, pick, placeOfKey, placesOf } from './selection';

const plain = { toggle: false, extend: false };
const toggle = { toggle: true, extend: false };
const extend = { toggle: false, extend: true };

describe('a selection', () => {
  it('is the entry that was clicked', () => {
    expect(placesOf(pick(all(9, 0), 3, plain))).toEqual([3]);
  });

  it('takes and leaves single entries with Ctrl', () => {
    const three = [1, 2, 5].reduce((selection, place) => pick(selection, place, toggle), NOTHING);
    expect(placesOf(three)).toEqual([1, 2, 5]);
    expect(three.ranges).toHaveLength(2);
    expect(placesOf(pick(three, 2, toggle))).toEqual([1, 5]);
  });

  it('reaches from where it began to where Shift leads, and back over it', () => {
    const down = pick(only(5), 8, extend);
    expect(placesOf(down)).toEqual([5, 6, 7, 8]);
    expect(placesOf(move(down, 3, extend))).toEqual([3, 4, 5]);
  });

  it('adds a range to what is there with both keys', () => {
    const apart = pick(pick(only(1), 5, toggle), 7, { toggle: true, extend: true });
    expect(placesOf(apart)).toEqual([1, 5, 6, 7]);
  });

  it('moves the cursor alone with Ctrl', () => {
    const moved = move(only(2), 4, toggle);
    expect(placesOf(moved)).toEqual([2]);
    expect(moved.cursor).toBe(4);
  });

  it('of a great folder is one range', () => {
    const everything = all(100_000, 7);
    expect(countOf(everything)).toBe(100_000);
    expect(isSelected(everything, 99_999)).toBe(true);
    expect(placesOf(everything, 3)).toEqual([0, 1, 2]);
    expect(countOf(pick(everything, 50, toggle))).toBe(99_999);
  });
});

describe('a key', () => {
  it.each([
    ['ArrowDown', 5, 9],
    ['ArrowUp', 5, 1],
    ['ArrowRight', 5, 6],
    ['ArrowLeft', 0, 0],
    ['PageDown', 5, 13],
    ['Home', 5, 0],
    ['End', 5, 19],
    ['a', 5, null],
  ])('%s leads in a grid of four a row from %i to %j', (key, from, to) => {
    expect(placeOfKey(key, from, 20, 4, 2)).toBe(to);
  });

  it('to the side leads nowhere in a list, and none does in an empty one', () => {
    expect(placeOfKey('ArrowRight', 0, 20, 1, 5)).toBeNull();
    expect(placeOfKey('ArrowDown', 0, 0, 1, 5)).toBeNull();
  });
});
