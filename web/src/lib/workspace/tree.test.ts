import { describe, expect, it } from 'vitest';

import { flatten, placeInTree } from './tree';

const folder = (path: string) => ({ name: path.slice(path.lastIndexOf('/') + 1), path });
const root = folder('/w');
const known = new Map([
  ['/w', [folder('/w/a'), folder('/w/b')]],
  ['/w/a', [folder('/w/a/deep')]],
  ['/w/b', []],
]);
const rows = flatten(root, known, new Set(['/w', '/w/a', '/w/b']));

describe('a tree of folders', () => {
  it('has the rows that are unfolded, each with its level', () => {
    expect(rows.map(({ path, level }) => [path, level])).toEqual([
      ['/w', 1],
      ['/w/a', 2],
      ['/w/a/deep', 3],
      ['/w/b', 2],
    ]);
    expect(flatten(root, known, new Set()).map(({ path }) => path)).toEqual(['/w']);
  });

  it('knows what has no folders once it was looked into', () => {
    expect(rows.map(({ unfolds }) => unfolds)).toEqual([true, true, true, false]);
  });

  it.each([
    ['ArrowDown', '/w', { focus: '/w/a' }],
    ['ArrowUp', '/w', { focus: '/w' }],
    ['End', '/w', { focus: '/w/b' }],
    ['Home', '/w/b', { focus: '/w' }],
    ['ArrowRight', '/w/a', { focus: '/w/a/deep' }],
    ['ArrowRight', '/w/a/deep', { focus: '/w/a/deep', fold: false }],
    ['ArrowLeft', '/w/a', { focus: '/w/a', fold: true }],
    ['ArrowLeft', '/w/a/deep', { focus: '/w/a' }],
    ['Enter', '/w/b', { focus: '/w/b', open: true }],
    ['x', '/w', null],
  ])('is walked through: %s at %s', (key, at, step) => expect(placeInTree(key, at, rows)).toEqual(step));
});
