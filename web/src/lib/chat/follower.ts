/**
 * Keeps up with a run until it is over: by a stream while somebody looks at it, by pages of events otherwise, because
 * browsers give an origin no more than six connections and streams would take them all.
 */
import { ApiError, isAbort, request, type Schemas } from '$lib/api/client';
import type { Connection } from '$lib/stream/connect';
import type { RunEvent } from '$lib/stream/event';
import { follow } from '$lib/stream/follow';

/** How often a run that nobody looks at is asked after, in milliseconds; longer while it does not answer. */
const UNSEEN = { usual: 1_000, most: 15_000 };
/** The most events that the service gives at once. */
const PAGE = 500;

export interface Listener {
  events(events: RunEvent[]): void;
  connection(connection: Connection): void;
  /** The run is over, and all its events were told. */
  over(): void;
  /** It cannot be followed: it is gone, or whoever looks may not see it. */
  failed(error: ApiError): void;
}

export class Follower {
  #last = '';
  #live: boolean;
  #over = false;
  #mode = new AbortController();
  readonly #all = new AbortController();

  constructor(
    readonly run: string,
    live: boolean,
    private readonly listener: Listener,
  ) {
    this.#live = live;
    void this.#go();
  }

  /** Whether somebody looks at it. */
  set live(live: boolean) {
    if (live === this.#live) return;
    this.#live = live;
    this.#mode.abort();
  }

  stop(): void {
    this.#all.abort();
    this.#mode.abort();
  }

  async #go(): Promise<void> {
    try {
      while (!this.#over && !this.#all.signal.aborted) {
        this.#mode = new AbortController();
        if (this.#live) await this.#stream(this.#mode.signal);
        else await this.#page(this.#mode.signal);
      }
      if (this.#over) this.listener.over();
    } catch (thrown) {
      if (!isAbort(thrown)) this.listener.failed(ApiError.from(thrown));
    }
  }

  async #stream(signal: AbortSignal): Promise<void> {
    const onconnection = (connection: Connection) => this.listener.connection(connection);
    for await (const { events, last } of follow(this.run, { signal, after: this.#last || undefined, onconnection })) {
      this.#take(events, last);
      if (this.#over) return;
    }
  }

  async #page(signal: AbortSignal): Promise<void> {
    let wait = UNSEEN.usual;
    while (!signal.aborted && !this.#over) {
      try {
        const full = await this.#nextPage(signal);
        wait = UNSEEN.usual;
        if (full || this.#over) continue;
      } catch (thrown) {
        if (signal.aborted) return;
        const error = ApiError.from(thrown);
        if (error.status >= 400 && error.status < 500 && error.status !== 429) throw error;
        wait = Math.min(UNSEEN.most, wait * 2);
      }
      await pause(wait, signal);
    }
  }

  async #nextPage(signal: AbortSignal): Promise<boolean> {
    const page = await pageOf(this.run, this.#last || '0.0', signal);
    this.#take(page.events, page.next);
    if (page.done && page.events.length < PAGE) this.#over = true;
    return page.events.length >= PAGE;
  }

  #take(events: RunEvent[], last: string): void {
    this.#last = last;
    if (events.some((event) => event.type === 'run_finished' && event.run_id === this.run)) this.#over = true;
    if (events.length > 0) this.listener.events(events);
  }
}

/** All events of a run that is over. */
export async function eventsOf(run: string, signal?: AbortSignal): Promise<RunEvent[]> {
  const all: RunEvent[] = [];
  let after = '0.0';
  for (;;) {
    const page = await pageOf(run, after, signal);
    all.push(...page.events);
    after = page.next;
    if (page.events.length < PAGE) return all;
  }
}

function pageOf(run: string, after: string, signal?: AbortSignal): Promise<Schemas['EventPage']> {
  return request('GET', `/v1/runs/${encodeURIComponent(run)}/events`, { query: { after, limit: PAGE }, signal });
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener('abort', done);
  });
}
