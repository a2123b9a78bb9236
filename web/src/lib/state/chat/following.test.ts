import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { Connection } from '$lib/stream/connect';

import { Following } from './following';

/** A run's events: as a stream that stays open, or as a page of them, until they end. */
class FakeRun {
  status = 200;
  /** The streams that are open. */
  readonly streams = new Set<ReadableStreamDefaultController<Uint8Array>>();
  pages = 0;
  requests = 0;
  #told: object[] = [];

  constructor(readonly id: string) {}

  tell(event: object): void {
    const numbered = { ...event, run_id: this.id, id: `${this.#told.length + 1}.0`, at: '2026-01-01T00:00:00Z' };
    this.#told.push(numbered);
    for (const stream of this.streams) stream.enqueue(frame(numbered));
  }

  end(): void {
    this.tell({ type: 'run_finished', status: 'completed', usage: { input_tokens: 1 }, cost: 1 });
  }

  breakOff(): void {
    for (const stream of this.streams) stream.error(new TypeError('network error'));
    this.streams.clear();
  }

  answer(request: Request): Response {
    this.requests += 1;
    if (this.status !== 200) return Response.json({ detail: 'no' }, { status: this.status });
    if (!request.headers.get('accept')?.includes('event-stream')) return this.#page(request);
    const last = Number.parseInt(request.headers.get('last-event-id') ?? '0', 10);
    const body = new ReadableStream<Uint8Array>({
      start: (stream) => {
        this.streams.add(stream);
        for (const event of this.#told.slice(last)) stream.enqueue(frame(event));
        request.signal.addEventListener('abort', () => {
          this.streams.delete(stream);
          stream.error(request.signal.reason);
        });
      },
    });
    return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
  }

  #page(request: Request): Response {
    this.pages += 1;
    const after = Number.parseInt(new URL(request.url).searchParams.get('after') ?? '0', 10);
    return Response.json({ events: this.#told.slice(after), next: `${this.#told.length}.0`, done: false });
  }
}

function frame(event: object): Uint8Array {
  return new TextEncoder().encode(`data: ${JSON.stringify(event)}\nid: ${(event as { id: string }).id}\n\n`);
}

const runs = new Map<string, FakeRun>();
const heard = { failed: 0, over: [] as string[], connections: [] as Connection[], changed: 0 };
let following: Following;

function run(id: string): FakeRun {
  const known = runs.get(id) ?? new FakeRun(id);
  runs.set(id, known);
  return known;
}

/** All that is due now is done, and all that would come of it, but for pauses. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 40; turn += 1) await vi.advanceTimersByTimeAsync(1);
}

beforeEach(() => {
  vi.useFakeTimers();
  runs.clear();
  Object.assign(heard, { failed: 0, over: [], connections: [], changed: 0 });
  vi.stubGlobal('fetch', async (request: Request) => {
    const [, id = ''] = /runs\/([^/]+)\/events/.exec(request.url) ?? [];
    return run(id).answer(request);
  });
  following = new Following({
    changed: () => (heard.changed += 1),
    connection: (connection) => heard.connections.push(connection),
    over: (id) => heard.over.push(id),
    failed: () => (heard.failed += 1),
  });
  following.seen = true;
});

afterEach(() => {
  following.close();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('a run that cannot be followed', () => {
  it('is told once, forgotten, and leaves no connection', async () => {
    run('a').status = 404;
    following.follow('a');
    await settled();
    expect(heard.failed).toBe(1);
    expect(following.has('a')).toBe(false);
    expect(following.folds.has('a')).toBe(false);
    expect(run('a').streams.size).toBe(0);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(run('a').requests).toBe(1);
  });

  it('is not asked for again by whoever reads the conversation because of it', async () => {
    run('a').status = 403;
    following.follow('a');
    await settled();
    following.follow('a');
    await settled();
    expect(following.hasLost).toBe(true);

    expect(run('a').requests).toBe(1);
  });

  it('is followed again, with all its events, once that is wanted anew', async () => {
    run('a').status = 403;
    run('a').tell({ type: 'run_started' });
    following.follow('a');
    await settled();
    run('a').status = 200;
    following.forgive();

    following.follow('a');
    await settled();
    expect(run('a').streams.size).toBe(1);
    await vi.advanceTimersByTimeAsync(300);
    expect(following.folds.get('a')?.turn.status).toBe('running');
  });

  it('hands its stream to the run that waits behind it', async () => {
    following.follow('a');
    following.follow('b');
    await settled();
    expect([run('a').streams.size, run('b').streams.size]).toEqual([1, 0]);
    run('a').status = 404;
    run('a').breakOff();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(heard.failed).toBe(1);
    expect([run('a').streams.size, run('b').streams.size]).toEqual([0, 1]);
  });

  it('does not leave a broken connection on the page', async () => {
    following.follow('a');
    await settled();
    run('a').status = 404;
    run('a').breakOff();
    await settled();
    expect(heard.connections).toEqual(['live', 'broken']);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(heard.connections).toEqual(['live', 'broken', 'live']);
  });

  it('hinders nobody from sending the next message: its run is streamed, also over a reconnect', async () => {
    run('a').status = 404;
    following.follow('a');
    await settled();
    following.follow('b');
    run('b').tell({ type: 'run_started' });
    await settled();
    expect(run('b').streams.size).toBe(1);
    run('b').breakOff();
    run('b').end();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(heard.over).toEqual(['b']);
    expect(following.folds.get('b')?.turn.status).toBe('completed');
    expect(heard.failed).toBe(1);
  });
});

describe('a run that is let go', () => {
  it('gives its connection back', async () => {
    following.follow('a');
    await settled();
    following.release('a');
    await settled();
    expect(run('a').streams.size).toBe(0);
  });

  it('does not come back by what was on its way', async () => {
    following.follow('a');
    await settled();
    run('a').tell({ type: 'run_started' });
    following.release('a');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(following.folds.has('a')).toBe(false);
    expect(heard).toMatchObject({ over: [], failed: 0 });
  });
});

describe('several runs', () => {
  it('have one stream, that of the first; the next gets it when the first is over', async () => {
    following.follow('a');
    following.follow('b');
    await settled();
    expect([run('a').streams.size, run('b').streams.size]).toEqual([1, 0]);
    run('a').end();
    await settled();
    expect(heard.over).toEqual(['a']);
    expect(run('b').streams.size).toBe(1);
  });

  it('have none while nobody looks, and lose nothing by that', async () => {
    following.follow('a');
    run('a').tell({ type: 'run_started' });
    await settled();
    following.seen = false;
    await settled();
    expect(run('a').streams.size).toBe(0);
    run('a').end();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(heard.over).toEqual(['a']);
    expect(following.folds.get('a')?.turn.status).toBe('completed');
  });
});
