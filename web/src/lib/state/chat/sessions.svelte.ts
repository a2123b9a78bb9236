// The list of conversations: what the service has, kept true by its feed, and what a person does to one of them.
import { answer, api, ApiError, request } from '$lib/api/client';
import { coalesced } from '$lib/chat/coalesce';

import { blank, entryOf, now, type Entry, type Found, type Sent, type Status } from './entry';
import { changesOf, type FeedEvent } from './feed';
import { Leaving } from './leaving.svelte';

/** How many conversations a page of the list has. */
const PAGE = 200;

export class Sessions {
  phase = $state<'idle' | 'loading' | 'loaded' | 'failed'>('idle');
  error = $state.raw<ApiError | null>(null);
  /** Whether the list shows what was archived. */
  archive = $state(false);
  #entries = $state.raw<ReadonlyMap<string, Entry>>(new Map());
  #cursor = $state.raw<string | null>(null);
  #feed: AbortController | null = null;
  #leaving = new Leaving((id) => this.#delete(id));

  /** Those that are shown, the one with the latest answer first. */
  readonly list = $derived.by(() => {
    const shown = [...this.#entries.values()].filter(
      ({ id, archived }) => archived === this.archive && !this.#leaving.has(id),
    );
    return shown.sort((one, other) => (one.lastAt < other.lastAt ? 1 : one.lastAt > other.lastAt ? -1 : 0));
  });
  readonly hasMore = $derived(this.#cursor !== null);

  constructor(private readonly onstatus: (session: string, status: Status) => void) {}

  find(id: string): Entry | undefined {
    return this.#entries.get(id);
  }

  /** Reads the list and follows the feed, until the page is left. Calling it again does nothing. */
  start(): void {
    if (this.#feed) return;
    this.#feed = new AbortController();
    void this.reload();
    void this.#follow(this.#feed.signal);
    // Whoever closes the page has nothing left to regret.
    addEventListener('pagehide', () => this.#leaving.all());
  }

  /** Reads the first page anew. What is further down stays until it is read again. */
  readonly reload = coalesced(async () => {
    if (this.phase !== 'loaded') this.phase = 'loading';
    const before = this.#cursor;
    try {
      const page = await this.#read(null);
      const oldest = this.#cursor === null ? '' : (page.at(-1)?.lastAt ?? '');
      const kept = [...this.#entries].filter(([, entry]) => entry.archived !== this.archive || entry.lastAt < oldest);
      if (kept.some(([, entry]) => entry.archived === this.archive)) this.#cursor = before;
      this.#entries = new Map([...kept, ...page.map((entry) => [entry.id, entry] as const)]);
      this.phase = 'loaded';
      this.error = null;
    } catch (thrown) {
      this.error = ApiError.from(thrown);
      if (this.phase !== 'loaded') this.phase = 'failed';
    }
  });

  /** Reads the next page. */
  async more(): Promise<void> {
    if (this.#cursor === null) return;
    const page = await this.#read(this.#cursor);
    this.#entries = new Map([...this.#entries, ...page.map((entry) => [entry.id, entry] as const)]);
  }

  /** Shows what was archived, or what was not. */
  async show(archive: boolean): Promise<void> {
    this.archive = archive;
    this.#cursor = null;
    await this.reload();
  }

  async #read(cursor: string | null): Promise<Entry[]> {
    const query = { limit: PAGE, cursor, archived: this.archive };
    const page = await request<{ sessions: Sent[]; next_cursor?: string | null }>('GET', '/v1/sessions', { query });
    this.#cursor = page.next_cursor ?? null;
    return page.sessions.map(entryOf);
  }

  async #follow(signal: AbortSignal): Promise<void> {
    try {
      // Titles and deletions of the time without a connection are in the list only.
      for await (const event of changesOf(signal, () => void this.reload())) this.#hear(event);
    } catch (thrown) {
      this.error = ApiError.from(thrown);
      this.#feed = null;
    }
  }

  #hear(event: FeedEvent): void {
    switch (event.event) {
      case 'init':
        this.#begin(event.sessions);
        break;
      case 'message':
        this.#status(event.session_id, event.status);
        break;
      case 'title_update':
        this.#change(event.session_id, { title: event.title });
        break;
      case 'deleted':
        this.#drop(event.session_id);
    }
  }

  #begin(statuses: Record<string, Status>): void {
    for (const [id, entry] of this.#entries) {
      const status = statuses[id] ?? 'idle';
      if (entry.status !== status) this.#status(id, status);
    }
    for (const [id, status] of Object.entries(statuses)) if (!this.#entries.has(id)) this.#status(id, status);
  }

  #status(id: string, status: Status): void {
    this.onstatus(id, status);
    const isNew = !this.#entries.has(id);
    // It moves to the top when it is written to; the list says the same when it is read again.
    const lastAt = status === 'streaming' ? now() : undefined;
    this.#change(id, lastAt ? { status, lastAt } : { status });
    // Somebody began it elsewhere.
    if (isNew && status !== 'idle' && this.phase === 'loaded') void this.reload();
  }

  /** Takes a conversation into the list, or what is new of it. */
  put(entry: Partial<Entry> & { id: string }): void {
    const known = this.#entries.get(entry.id) ?? blank(entry.id);
    this.#entries = new Map(this.#entries).set(entry.id, { ...known, ...entry });
  }

  #change(id: string, change: Partial<Entry>): void {
    const entry = this.#entries.get(id);
    if (entry) this.#entries = new Map(this.#entries).set(id, { ...entry, ...change });
  }

  #drop(id: string): void {
    const entries = new Map(this.#entries);
    if (entries.delete(id)) this.#entries = entries;
  }

  /** Makes an unread one read. */
  async read(id: string): Promise<void> {
    const status = this.#entries.get(id)?.status;
    if (status !== 'done_success_unread' && status !== 'done_error_unread') return;
    this.#change(id, { status: 'idle' });
    await answer(api.POST('/v1/sessions/{id}/read', { params: { path: { id } } }));
  }

  /** Changes what the service keeps of it; the list shows it at once, and as it was if the service refuses. */
  async patch(
    id: string,
    change: { title?: string; pinned?: boolean; archived?: boolean; workspace?: string },
  ): Promise<void> {
    const before = this.#entries.get(id);
    const { workspace: _, ...shown } = change;
    this.#change(id, shown);
    try {
      await request('PATCH', `/v1/sessions/${encodeURIComponent(id)}`, { body: change });
    } catch (thrown) {
      if (before) this.#change(id, before);
      throw thrown;
    }
  }

  /** Has the service make a title of what was said. */
  async retitle(id: string): Promise<void> {
    const { title } = await answer(api.POST('/v1/sessions/{id}/generate-title', { params: { path: { id } } }));
    this.#change(id, { title });
  }

  /** Deletes one soon; until then `keep` has it back. */
  remove(id: string, onfailed: (thrown: unknown) => void): void {
    this.#leaving.add(id, onfailed);
  }

  keep(id: string): void {
    this.#leaving.keep(id);
  }

  async #delete(id: string): Promise<void> {
    await answer(api.DELETE('/v1/sessions/{id}', { params: { path: { id } }, keepalive: true }));
    this.#drop(id);
  }

  /** Finds words in titles and turns. */
  async search(words: string, signal?: AbortSignal): Promise<Found[]> {
    const params = { query: { q: words, limit: 50 } };
    const { results } = await answer(api.GET('/v1/sessions/search', { params, signal }));
    return results.map(({ session_id: session, title, timestamp, excerpt }) => {
      return { session, title, timestamp: timestamp ?? undefined, excerpt: excerpt ?? undefined };
    });
  }
}
