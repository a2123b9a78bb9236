import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { connect } from './connect';

let open: AbortSignal[];
let asked: (string | null)[];

beforeEach(() => {
  vi.useFakeTimers();
  open = [];
  asked = [];
  // Says where it goes on, and keeps the connection.
  vi.stubGlobal('fetch', async (request: Request) => {
    asked.push(request.headers.get('last-event-id'));
    open.push(request.signal);
    const body = new ReadableStream<Uint8Array>({
      start(stream) {
        stream.enqueue(new TextEncoder().encode(`id: ${asked.length}\ndata: something\n\n`));
        request.signal.addEventListener('abort', () => stream.error(request.signal.reason));
      },
    });
    return new Response(body);
  });
});

afterEach(() => {
  show('visible');
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function show(state: DocumentVisibilityState): void {
  vi.spyOn(document, 'visibilityState', 'get').mockReturnValue(state);
  document.dispatchEvent(new Event('visibilitychange'));
}

/** Connects; answers with what was heard so far, and what was said of the connection. */
function listen(signal: AbortSignal): { heard: string[]; told: string[]; ended: Promise<void> } {
  const [heard, told]: [string[], string[]] = [[], []];
  const onconnection = (connection: string) => void told.push(connection);
  const read = async () => {
    for await (const frames of connect('/v1/x', { signal, after: () => heard.at(-1), onconnection })) {
      heard.push(...frames.map(({ id }) => id ?? ''));
    }
  };
  return { heard, told, ended: read() };
}

describe('a page that nobody sees', () => {
  it('lets go of its connection after a while, and goes on where it was once it is seen', async () => {
    const abort = new AbortController();
    const { heard, told, ended } = listen(abort.signal);
    await vi.advanceTimersByTimeAsync(1_000);
    show('hidden');
    await vi.advanceTimersByTimeAsync(35_000);
    expect(open.map(({ aborted }) => aborted)).toEqual([true]);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(asked).toEqual([null]);
    // Nobody is told of a loss that nobody could see.
    expect(told).toEqual(['live']);
    show('visible');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(asked).toEqual([null, '1']);
    expect(heard).toEqual(['1', '2']);
    expect(told).toEqual(['live', 'broken', 'live']);
    abort.abort();
    await ended;
    expect(open.map(({ aborted }) => aborted)).toEqual([true, true]);
  });

  it('keeps its connection when it is seen again soon', async () => {
    const abort = new AbortController();
    const { ended } = listen(abort.signal);
    await vi.advanceTimersByTimeAsync(1_000);
    show('hidden');
    await vi.advanceTimersByTimeAsync(10_000);
    show('visible');
    await vi.advanceTimersByTimeAsync(25_000);
    expect(open.map(({ aborted }) => aborted)).toEqual([false]);
    abort.abort();
    await ended;
  });

  it('ends at rest when nobody wants it any more', async () => {
    const abort = new AbortController();
    const { ended } = listen(abort.signal);
    show('hidden');
    await vi.advanceTimersByTimeAsync(60_000);
    abort.abort();
    await ended;
    expect(asked).toHaveLength(1);
  });
});
