// A feed is followed over as many connections as it takes, and what it says may be large.
import { afterEach, describe, expect, it, vi } from 'vitest';

import { FrameParser } from '$lib/stream/sse';

import { followKind, type FeedEvent } from './feed';

const answer = (...pieces: string[]) =>
  new Response(
    new ReadableStream<Uint8Array>({
      start(controller) {
        for (const piece of pieces) controller.enqueue(new TextEncoder().encode(piece));
        controller.close();
      },
    }),
    { headers: { 'content-type': 'text/event-stream' } },
  );

afterEach(() => vi.unstubAllGlobals());

describe('a feed', () => {
  it('goes on where it was cut off, and tells each event', async () => {
    const asked: (string | null)[] = [];
    const ended = new AbortController();
    const answers = [
      answer('data: {"event":"init","items":[]}\nid: p-1\n\n'),
      answer('data: {"event":"dele', 'ted","name":"a"}\nid: p-2\n\n'),
    ];
    vi.stubGlobal('fetch', async (request: Request) => {
      asked.push(request.headers.get('last-event-id'));
      return answers.shift() ?? new Promise(() => undefined);
    });
    const events: FeedEvent[] = [];
    const listener = {
      events: (told: FeedEvent[]) => {
        events.push(...told);
        if (events.length === 2) ended.abort();
      },
      connection: () => undefined,
    };
    await followKind('models', listener, ended.signal);
    expect(events).toEqual([
      { event: 'init', items: [] },
      { event: 'deleted', name: 'a' },
    ]);
    expect(asked).toEqual([null, 'p-1']);
  });
});

describe('a line of ten million letters in small pieces', () => {
  it('is read in a moment', () => {
    const parser = new FrameParser();
    const piece = 'x'.repeat(10_000);
    const start = performance.now();
    expect(parser.push('data: ')).toEqual([]);
    for (let index = 0; index < 1_000; index++) parser.push(piece);
    const [frame] = parser.push('\r\n\r\nid');
    expect(frame?.data.length).toBe(10_000_000);
    // Looking at all of it for each piece would take minutes.
    expect(performance.now() - start).toBeLessThan(10_000);
  });

  it('may be cut between its two letters of an end', () => {
    const parser = new FrameParser();
    expect(parser.push('data: a\r')).toEqual([]);
    expect(parser.push('\n\r\n')).toEqual([{ event: 'message', data: 'a', id: undefined }]);
  });
});
