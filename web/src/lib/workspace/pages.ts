// A folder's entries as far as they were read: pages of a list whose length is known, any of which may be missing.

/** Entries a page; the service gives 500 at most. */
export const PAGE_SIZE = 200;

/** Pages that are kept: those far from what is shown are read again when they are needed. */
const MOST_PAGES = 60;

export interface Pages<T> {
  readonly total: number;
  readonly pages: ReadonlyMap<number, readonly T[]>;
}

export function emptyPages<T>(): Pages<T> {
  return { total: 0, pages: new Map() };
}

/** The entry at a place; undefined while its page is not read. */
export function entryAt<T>({ pages }: Pages<T>, place: number): T | undefined {
  return pages.get(Math.floor(place / PAGE_SIZE))?.[place % PAGE_SIZE];
}

/** The pages, counted from 0, that the places from `first` to `last` need and that are missing. */
export function missing<T>({ pages, total }: Pages<T>, first: number, last: number): number[] {
  const found: number[] = [];
  const end = Math.min(last, total - 1);
  for (let page = Math.floor(Math.max(0, first) / PAGE_SIZE); page * PAGE_SIZE <= end; page += 1) {
    if (!pages.has(page)) found.push(page);
  }
  return found;
}

/** With a page that was read. Another total means that the folder changed: the other pages are of the past. */
export function withPage<T>(list: Pages<T>, page: number, entries: readonly T[], total: number): Pages<T> {
  const pages = new Map(total === list.total ? list.pages : []);
  pages.delete(page);
  pages.set(page, entries);
  const [oldest] = pages.keys();
  if (pages.size > MOST_PAGES && oldest !== undefined) pages.delete(oldest);
  return { total, pages };
}
