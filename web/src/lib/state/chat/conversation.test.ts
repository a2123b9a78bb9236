import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { session, wire } from '$lib/stream/recorded';

import { Conversation } from './conversation.svelte';

const RUN = {
  id: 'run-1',
  status: 'running',
  created_at: '2026-01-01T00:00:00Z',
  updated_at: '2026-01-01T00:00:00Z',
};

const OVER = { ...RUN, status: 'completed', finished_at: '2026-01-01T00:00:02.000000Z' };
const TOLD = session('approved');

/** How often each route was asked. */
const asked = { session: 0, events: 0 };
let refused = true;
let run: object = RUN;
/** The run that the list has once the turns of a run that is over are read. */
let next: object = RUN;
let messages: object[] = [];
let events: string | undefined;
/** What happens on the service while the turns are read. */
let meanwhile = () => {};
let conversation: Conversation;

beforeEach(() => {
  vi.useFakeTimers();
  Object.assign(asked, { session: 0, events: 0 });
  [refused, run, messages, events, meanwhile] = [true, RUN, [], undefined, () => {}];
  vi.stubGlobal('fetch', async (request: Request) => {
    const { pathname } = new URL(request.url);
    if (pathname === '/v1/sessions/s') {
      asked.session += 1;
      const read = Response.json({ meta: {}, messages });
      meanwhile();
      return read;
    }
    if (pathname === '/v1/sessions/s/messages') {
      run = next;
      return Response.json({ messages: [] });
    }
    if (pathname === '/v1/runs') return Response.json({ runs: [run] });
    asked.events += 1;
    if (refused) return Response.json({ detail: 'you may not see this run' }, { status: 403 });
    return new Response(events ?? new ReadableStream(), { headers: { 'content-type': 'text/event-stream' } });
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
  run = OVER;
  await conversation.look();
  await settled();
  expect(asked).toEqual({ session: 3, events: 1 });
  // Nothing is lost any more: what is known is not read again.
  await conversation.look();
  expect(asked.session).toBe(3);
});

it('tells what a run said that ended while the turns were read', async () => {
  [refused, events, messages] = [false, wire('approved.replayed'), TOLD.messages.slice(0, 1)];
  run = { ...TOLD.run, status: 'running', finished_at: null };
  meanwhile = () => (run = TOLD.run);
  await conversation.load();
  await settled();
  expect(JSON.stringify(conversation.cells.at(-1)?.turn)).toContain('The tool answered: Hello, Grace!');
  expect(conversation.running).toBe(false);
});

it('follows a run that was listed by chance before it was told of', async () => {
  [refused, events, messages] = [false, wire('approved.replayed'), TOLD.messages.slice(0, 1)];
  run = { ...TOLD.run, status: 'running', finished_at: null };
  next = RUN;
  await conversation.load();
  await settled();
  expect(conversation.open).toEqual([]);
  events = undefined;
  await conversation.look();
  await settled();
  expect(conversation.open.map(({ runId }) => runId)).toEqual(['run-1']);
});
