import { describe, expect, it } from 'vitest';

import { ancestry, extension, flawOfName, isWithin, join, nameOf, parent, reference, relative } from './path';

describe('a path', () => {
  it.each(['notes', 'été 文件 🗂', 'a "b" <c> & d', ' spaces ', '#1?%2F'])('keeps the name %s as it is', (name) => {
    const path = join('/work space', name);
    expect(nameOf(path)).toBe(name);
    expect(parent(path)).toBe('/work space');
    expect(relative('/work space', path)).toBe(name);
    expect(reference(path)).toBe(`<file>/work space/${name}</file>`);
  });

  it('is within a folder by whole names only', () => {
    expect(isWithin('/work', '/work/a')).toBe(true);
    expect(isWithin('/work', '/work')).toBe(true);
    expect(isWithin('/work', '/workshop/a')).toBe(false);
    expect(isWithin('/', '/work')).toBe(true);
  });

  it('has the folders above it up to the workspace', () => {
    expect(ancestry('/srv/work', '/srv/work/a/b')).toEqual([
      { name: 'work', path: '/srv/work' },
      { name: 'a', path: '/srv/work/a' },
      { name: 'b', path: '/srv/work/a/b' },
    ]);
    expect(ancestry('/', '/a')).toEqual([
      { name: '/', path: '/' },
      { name: 'a', path: '/a' },
    ]);
  });

  it('has an extension where its name has one', () => {
    expect(['a.TAR.GZ', '.env', 'Makefile', 'a.'].map(extension)).toEqual(['gz', '', '', '']);
  });
});

it.each([
  ['', 'empty'],
  ['  ', 'empty'],
  ['a/b', 'characters'],
  ['a\\b', 'characters'],
  ['c:', 'characters'],
  ['..', 'dots'],
  ['文'.repeat(86), 'long'],
  ['文'.repeat(85), null],
  ['…hidden', null],
])('the name «%s» is flawed: %s', (name, flaw) => expect(flawOfName(name)).toBe(flaw));
