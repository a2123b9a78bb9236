import { describe, expect, it } from 'vitest';

import { PAGE_SIZE, emptyPages, entryAt, missing, withPage } from './pages';

const entries = (page: number) => Array.from({ length: PAGE_SIZE }, (_, at) => page * PAGE_SIZE + at);

describe('the pages of a folder', () => {
  it('give an entry once its page was read', () => {
    const list = withPage(emptyPages<number>(), 3, entries(3), 100_000);
    expect(entryAt(list, 3 * PAGE_SIZE + 7)).toBe(3 * PAGE_SIZE + 7);
    expect(entryAt(list, 0)).toBeUndefined();
  });

  it('know which ones are missing for what is in sight', () => {
    const list = withPage(emptyPages<number>(), 1, entries(1), 3 * PAGE_SIZE);
    expect(missing(list, 0, PAGE_SIZE)).toEqual([0]);
    expect(missing(list, PAGE_SIZE, 10 * PAGE_SIZE)).toEqual([2]);
  });

  it('are of the past when the folder has another length', () => {
    const before = withPage(withPage(emptyPages<number>(), 0, entries(0), 1000), 1, entries(1), 1000);
    expect([...withPage(before, 1, entries(1), 1001).pages.keys()]).toEqual([1]);
  });

  it('are kept as long as they are few', () => {
    let list = emptyPages<number>();
    for (let page = 0; page < 100; page += 1) list = withPage(list, page, entries(page), 100_000);
    expect(list.pages.size).toBe(60);
    expect(entryAt(list, 99 * PAGE_SIZE)).toBe(99 * PAGE_SIZE);
  });
});
