/**
 * Keeps a stream of server-sent events going: asks again, with patience, until it is over or nobody wants it. It rests
 * while nobody sees the page.
 */
import { ApiError, authorizedFetch, isAbort } from '$lib/api/client';

import { Attention, seen } from './attention';
import { framesOf, type Frame } from './sse';

/** The service says something at least every 15 seconds. */
const PATIENCE = 40_000;
const BACKOFF = { first: 250, most: 10_000 };

/** `live` while events come, `broken` between connections. */
export type Connection = 'live' | 'broken';

export interface Connecting {
  signal: AbortSignal;
  /** What to send as `Last-Event-ID` in the next request. */
  after?: () => string | undefined;
  /** Told when the connection breaks and when it stands again. */
  onconnection?: (connection: Connection) => void;
  /** Whether what came so far is all: then the end of the body is the end of the stream. */
  isOver?: () => boolean;
}

/**
 * The frames of a stream over as many connections as it takes. Ends when `isOver` or aborted; throws what asking again
 * does not mend, such as a 404.
 */
export async function* connect(path: string, options: Connecting): AsyncGenerator<Frame[]> {
  const { signal, after, onconnection, isOver = () => false } = options;
  let failures = 0;
  while (!signal.aborted) {
    const attention = new Attention();
    try {
      const body = await open(path, after?.(), AbortSignal.any([signal, attention.signal]));
      onconnection?.('live');
      for await (const frames of framesOf(body, PATIENCE)) {
        failures = 0;
        if (frames.length > 0) yield frames;
        if (signal.aborted) return;
      }
    } catch (thrown) {
      if (signal.aborted || (isAbort(thrown) && !attention.lapsed)) return;
      if (isFinal(thrown)) throw thrown;
    } finally {
      attention.end();
    }
    if (isOver()) return;
    if (attention.lapsed) {
      await seen(signal);
      onconnection?.('broken');
      continue;
    }
    onconnection?.('broken');
    await pause(failures, signal);
    failures += 1;
  }
}

async function open(path: string, after: string | undefined, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
  const headers: Record<string, string> = { accept: 'text/event-stream' };
  if (after) headers['last-event-id'] = after;
  const response = await authorizedFetch(path, { headers, signal });
  if (!response.ok) throw new ApiError(response.status, await response.json().catch(() => null));
  if (!response.body) throw new ApiError(response.status, null);
  return response.body;
}

/** Whether asking again would be answered the same. A gateway's 5xx, a 429 and a 408 pass. */
function isFinal(thrown: unknown): boolean {
  if (!(thrown instanceof ApiError)) return false;
  return thrown.status >= 400 && thrown.status < 500 && thrown.status !== 429 && thrown.status !== 408;
}

/** Waits longer each time, a little differently for each tab, and no longer once the network is back. */
function pause(failures: number, signal: AbortSignal): Promise<void> {
  const longest = Math.min(BACKOFF.most, BACKOFF.first * 2 ** failures);
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      globalThis.removeEventListener?.('online', done);
      resolve();
    };
    const timer = setTimeout(done, longest * (0.5 + Math.random() / 2));
    signal.addEventListener('abort', done);
    globalThis.addEventListener?.('online', done);
  });
}
