import { afterEach, describe, expect, it, vi } from 'vitest';

import type { RunEvent } from './event';
import { follow, type Following } from './follow';
import { eventsOf, names, session, wire } from './recorded';
import { FrameParser } from './sse';

afterEach(() => vi.unstubAllGlobals());

/** A service that has this stream, and breaks each connection after so many letters. */
function serve(text: string, letters: number): { requests: (string | null)[] } {
  const requests: (string | null)[] = [];
  vi.stubGlobal('fetch', async (request: Request) => {
    const last = request.headers.get('last-event-id');
    requests.push(last);
    const marker = `\nid: ${last}\n\n`;
    const from = last ? text.indexOf(marker) + marker.length : 0;
    return new Response(text.slice(from, from + letters), { headers: { 'content-type': 'text/event-stream' } });
  });
  return { requests };
}

async function all(name: string, options: Partial<Following> = {}): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  const { signal } = new AbortController();
  for await (const batch of follow(session(name).run.id, { signal, ...options })) events.push(...batch.events);
  return events;
}

describe('a stream', () => {
  it.each(names)('is cut the same wherever the network cuts it: %s', (name) => {
    const text = wire(name);
    const whole = new FrameParser().push(text);
    for (let size = 1; size < 40; size += 1) {
      const parser = new FrameParser();
      const frames = [];
      for (let at = 0; at < text.length; at += size) frames.push(...parser.push(text.slice(at, at + size)));
      expect(frames).toEqual(whole);
    }
  });

  it('may have any line break, names, comments and several lines of data', () => {
    const frames = new FrameParser().push(': hello\r\nevent: init\rdata: a\ndata:b\nid: 1.0\n\n\ndata\n\nretry: 3\n\n');
    expect(frames).toEqual([
      { event: 'init', data: 'a\nb', id: '1.0' },
      { event: 'message', data: '', id: undefined },
    ]);
  });
});

describe('following a run', () => {
  it.each([900, 1400, 5000])('loses and repeats nothing over connections of %i letters', async (letters) => {
    vi.stubGlobal('setTimeout', (run: () => void, after: number) =>
      globalThis.queueMicrotask(() => after < 20_000 && run()),
    );
    const { requests } = serve(wire('tools'), letters);
    expect(await all('tools')).toEqual(eventsOf(wire('tools')));
    expect(requests.length).toBeGreaterThan(1);
    expect(new Set(requests).size).toBe(requests.length);
  });

  it('tells when the connection breaks and when it stands again', async () => {
    serve(wire('plain'), 1500);
    const told: string[] = [];
    await all('plain', { onconnection: (connection) => told.push(connection) });
    expect(told.slice(0, 3)).toEqual(['live', 'broken', 'live']);
  });

  it('takes the events of one cause together', async () => {
    const text = wire('input');
    // The connection breaks between the message and what it requires, which share an id.
    const cut = text.indexOf('data: {"type":"input_required"');
    serve(text, cut);
    expect(await all('input')).toEqual(eventsOf(text));
  });

  it('ends when nobody wants it any more', async () => {
    const abort = new AbortController();
    serve(wire('plain'), 600);
    const first = follow(session('plain').run.id, { signal: abort.signal });
    await first.next();
    abort.abort();
    expect((await first.next()).done).toBe(true);
  });

  it('does not ask again for what is not there', async () => {
    vi.stubGlobal('fetch', async () => Response.json({ detail: 'there is no run' }, { status: 404 }));
    await expect(all('plain')).rejects.toMatchObject({ status: 404 });
  });
});
