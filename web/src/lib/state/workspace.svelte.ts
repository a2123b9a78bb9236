// A folder of the workspace as it is looked at: its entries page by page, or what a search found; what is selected.
import { ApiError, isAbort } from '$lib/api/client';
import { emptyPages, entryAt, missing, PAGE_SIZE, withPage, type Pages } from '$lib/workspace/pages';
import * as selection from '$lib/workspace/selection';
import type { Selection } from '$lib/workspace/selection';
import { list, root, search, type FileItem } from '$lib/workspace/service';

/** Rows that fly past while a person scrolls are not asked for. */
const SETTLED = 60;

/** Pages with selected entries that are read again. */
const MOST_READ_AGAIN = 10;

/** More entries than these are not acted on at once. */
export const MOST_AT_ONCE = 2000;

export class WorkspaceFolder {
  /** The workspace's own path; null until it is known. */
  root = $state<string | null>(null);
  path = $state('');
  /** What is searched for; empty shows the folder. */
  query = $state('');
  /** A search was ended before it saw everything. */
  cut = $state(false);
  entries: Pages<FileItem> = $state.raw(emptyPages());
  selected: Selection = $state.raw(selection.NOTHING);
  loading = $state(true);
  error = $state.raw<ApiError | null>(null);
  readonly #wanted = new Map<number, number>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #abort = new AbortController();

  get count(): number {
    return this.entries.total;
  }

  entry(place: number): FileItem | undefined {
    return entryAt(this.entries, place);
  }

  /** Shows a folder, the workspace's root where none is named; with a query, what is found in it. */
  async open(path: string, query = ''): Promise<void> {
    this.#abort.abort();
    this.#abort = new AbortController();
    this.loading = true;
    this.error = null;
    this.selected = selection.NOTHING;
    try {
      this.root ??= (await root()).path;
      this.path = path || this.root;
      this.query = query.trim();
      this.cut = false;
      this.entries = emptyPages();
      await this.#read();
    } catch (thrown) {
      if (isAbort(thrown)) return;
      this.error = ApiError.from(thrown);
    }
    this.loading = false;
  }

  /** Reads anew what is shown. The selection follows its entries: what moved stays selected, what is gone is not. */
  async refresh(): Promise<void> {
    const before = this.selected;
    const places = selection.placesOf(before, MOST_AT_ONCE);
    const paths = new Set(places.flatMap((place) => this.entry(place)?.path ?? []));
    const pages = new Set(places.map((place) => Math.floor(place / PAGE_SIZE)));
    try {
      await this.#read([...pages].slice(0, MOST_READ_AGAIN));
      this.error = null;
      // Whoever selected something else meanwhile meant what was there.
      if (this.selected === before) this.selected = following(this.entries, paths);
    } catch (thrown) {
      if (!isAbort(thrown)) this.error = ApiError.from(thrown);
    }
  }

  close(): void {
    this.#abort.abort();
    clearTimeout(this.#timer);
  }

  /** A row is drawn whose entry is not known yet; the returned function says that it is drawn no more. */
  want(place: number): () => void {
    const page = Math.floor(place / PAGE_SIZE);
    this.#wanted.set(page, (this.#wanted.get(page) ?? 0) + 1);
    this.#timer ??= setTimeout(() => void this.#readWanted(), SETTLED);
    return () => {
      const left = (this.#wanted.get(page) ?? 1) - 1;
      if (left === 0) this.#wanted.delete(page);
      else this.#wanted.set(page, left);
    };
  }

  /** The selected entries, read where they are not known yet; at most [`MOST_AT_ONCE`]. */
  async selectedItems(): Promise<FileItem[]> {
    const places = selection.placesOf(this.selected, MOST_AT_ONCE);
    const [first, last] = [places.at(0), places.at(-1)];
    if (first === undefined || last === undefined) return [];
    for (const page of missing(this.entries, first, last)) await this.#readPage(page);
    return places.flatMap((place) => this.entry(place) ?? []);
  }

  /** The one selected entry; null where there are none or several. */
  get single(): FileItem | null {
    const { ranges } = this.selected;
    const [range] = ranges;
    return ranges.length === 1 && range && range.first === range.last ? (this.entry(range.first) ?? null) : null;
  }

  get selectedCount(): number {
    return selection.countOf(this.selected);
  }

  /** Reads what is shown from its beginning, and these pages of it. The others may hold what was renamed, and go. */
  async #read(again: readonly number[] = []): Promise<void> {
    if (this.query === '') {
      this.entries = { ...this.entries, pages: new Map([...this.entries.pages].filter(([page]) => page === 0)) };
      for (const page of new Set([0, ...again])) await this.#readPage(page);
      return;
    }
    const { files: found, cut } = await search(this.path, this.query, this.#abort.signal);
    this.cut = cut;
    let pages: Pages<FileItem> = { total: found.length, pages: new Map() };
    for (let from = 0; from < found.length; from += PAGE_SIZE) {
      pages = withPage(pages, from / PAGE_SIZE, found.slice(from, from + PAGE_SIZE), found.length);
    }
    this.entries = pages;
  }

  async #readPage(page: number): Promise<void> {
    const answer = await list(this.path, page + 1, PAGE_SIZE, this.#abort.signal);
    this.entries = withPage(this.entries, page, answer.files, answer.total);
  }

  async #readWanted(): Promise<void> {
    const pages = [...this.#wanted.keys()].filter((page) => !this.entries.pages.has(page));
    try {
      await Promise.all(pages.map((page) => this.#readPage(page)));
    } catch (thrown) {
      if (!isAbort(thrown)) this.error = ApiError.from(thrown);
    }
    this.#timer = undefined;
    // What came into sight meanwhile; after a failure a person decides.
    const missed = [...this.#wanted.keys()].some((page) => !this.entries.pages.has(page));
    if (missed && this.error === null) this.#timer = setTimeout(() => void this.#readWanted(), SETTLED);
  }
}

/** The selection of the entries with these paths, as far as they are known. */
function following(entries: Pages<FileItem>, paths: ReadonlySet<string>): Selection {
  let selected = selection.NOTHING;
  for (const [page, items] of [...entries.pages].sort(([one], [other]) => one - other)) {
    items.forEach((item, at) => {
      if (!paths.has(item.path)) return;
      selected = selection.pick(selected, page * PAGE_SIZE + at, { toggle: true, extend: false });
    });
  }
  return selected;
}
