// The list of runs as the page shows it: its pages, and a look at the newest ones every few seconds.
import { answer, api, ApiError, isAbort, type Schemas } from '$lib/api/client';
import { queryOf, refreshed, type RunFilter } from '$lib/runs/filter';

export type RunSummary = Schemas['RunSummary'];

/** Rows of a page. */
const PAGE = 100;

/** Runs have no feed of their own: a short list is asked for as often as a person looks. */
const LOOK_AGAIN = 2500;

export class RunList {
  runs = $state.raw<RunSummary[]>([]);
  /** The first page was read. */
  loaded = $state(false);
  /** Whether there are older ones. */
  more = $state(false);
  /** Older ones are being read. */
  reading = $state(false);
  error = $state.raw<ApiError | null>(null);
  #filter: RunFilter;
  #cursor: string | undefined;
  #before: Promise<void> = Promise.resolve();
  #abort = new AbortController();

  constructor(filter: RunFilter) {
    this.#filter = filter;
  }

  /** Reads the first page, and again and again until it is stopped. */
  start(): void {
    void this.#look();
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') void this.#look();
    }, LOOK_AGAIN);
    this.#abort.signal.addEventListener('abort', () => clearInterval(timer));
  }

  stop(): void {
    this.#abort.abort();
  }

  /** Reads the newest page at once. */
  again(): Promise<void> {
    return this.#look();
  }

  /** Reads the next older page. */
  async older(): Promise<void> {
    if (!this.more || this.reading) return;
    this.reading = true;
    await this.#read(
      () => this.#cursor,
      (page) => {
        const known = new Set(this.runs.map((run) => run.id));
        this.runs = [...this.runs, ...page.filter((run) => !known.has(run.id))];
        return true;
      },
    );
    this.reading = false;
  }

  #look(): Promise<void> {
    return this.#read(
      () => undefined,
      (page) => {
        // Once older pages were read the cursor stands behind them.
        const first = this.runs.length <= PAGE;
        this.runs = refreshed(this.runs, page, page.length === PAGE);
        return first;
      },
    );
  }

  /** One request after the other. `take` says whether the page is the last one that was read. */
  #read(cursor: () => string | undefined, take: (page: RunSummary[]) => boolean): Promise<void> {
    this.#before = this.#before.then(() => this.#request(cursor(), take));
    return this.#before;
  }

  async #request(cursor: string | undefined, take: (page: RunSummary[]) => boolean): Promise<void> {
    try {
      const query = { ...queryOf(this.#filter, new Date()), limit: PAGE, cursor };
      const list = await answer(api.GET('/v1/runs', { params: { query }, signal: this.#abort.signal }));
      const last = take(list.runs);
      this.loaded = true;
      this.error = null;
      if (!last) return;
      this.#cursor = list.next_cursor ?? undefined;
      this.more = this.#cursor !== undefined;
    } catch (thrown) {
      if (!isAbort(thrown)) this.error = ApiError.from(thrown);
    }
  }
}
