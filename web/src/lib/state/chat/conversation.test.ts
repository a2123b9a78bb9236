import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { Conversation } from './conversation.svelte';

const RUN = {
  id: 'run-1',
  status: 'running',
  created_at: '2026-01-01T00:00:00Z',
  updated_at: '2026-01-01T00:00:00Z',
};

/** How often each route was asked. */
const asked = { session: 0, events: 0 };
let refused = true;
let status = 'running';
let conversation: Conversation;

beforeEach(() => {
  vi.useFakeTimers();
  Object.assign(asked, { session: 0, events: 0 });
  [refused, status] = [true, 'running'];
  vi.stubGlobal('fetch', async (request: Request) => {
    const { pathname } = new URL(request.url);
    if (pathname === '/v1/sessions/s') {
      asked.session += 1;
      return Response.json({ meta: {}, messages: [] });
    }
    if (pathname === '/v1/runs') return Response.json({ runs: [{ ...RUN, status }] });
    asked.events += 1;
    if (refused) return Response.json({ detail: 'you may not see this run' }, { status: 403 });
    return new Response(new ReadableStream(), { headers: { 'content-type': 'text/event-stream' } });
  });
  conversation = new Conversation('s', 's', () => {});
  conversation.seen = true;
});

afterEach(() => {
  conversation.close();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const settled = () => vi.advanceTimersByTimeAsync(100);

it('is read once more when its run cannot be followed, and not again and again', async () => {
  await conversation.load();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toEqual({ session: 2, events: 1 });
  expect(conversation).toMatchObject({ phase: 'loaded', open: [], running: false });
});

it('follows that run when it is told of anew', async () => {
  await conversation.load();
  await settled();
  refused = false;
  await conversation.look();
  await settled();
  expect(asked.events).toBe(2);
  expect(conversation.open.map(({ runId }) => runId)).toEqual(['run-1']);
});

it('learns that such a run is over by what is told of the conversation', async () => {
  await conversation.load();
  await settled();
  status = 'completed';
  await conversation.look();
  await settled();
  expect(asked).toEqual({ session: 3, events: 1 });
  // Nothing is lost any more: what is known is not read again.
  await conversation.look();
  expect(asked.session).toBe(3);
});
