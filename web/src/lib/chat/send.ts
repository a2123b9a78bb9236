/** Sends a message, and learns which run and which session came of it. */
import { answer, api, ApiError, authorizedFetch, isAbort, request, type Schemas } from '$lib/api/client';
import { framesOf } from '$lib/stream/sse';

export type InferInput = Schemas['InferInput'];

export interface Started {
  session: string;
  run: string;
  /** What a revoke names; none for a run that waits for another. */
  timestamp?: string;
  title?: string;
}

/** A request to a team instead of an agent or a model. */
export interface TeamInput extends Pick<InferInput, 'session_id' | 'messages' | 'interrupt'> {
  team_id: string;
}

/** The runs of the session that are known, so that a new one is told from them. */
export type IsKnown = (run: string) => boolean;

/**
 * How long an answer is waited for before the session's queue is looked at, in milliseconds. A queued run's first frame
 * comes when it begins, which may be in minutes, and some proxies hold even the headers back until then.
 */
const LOOK = 500;
/** How long the first frame is waited for where the headers have named the run. */
const FIRST_FRAME = 300;
/** How often a message is sent again when no answer came. The key makes it one run, however often it arrives. */
const ATTEMPTS = 4;
const UNREACHED = [0, 502, 503, 504];

/** Starts a team's run. */
export async function sendToTeam({ team_id, messages, ...more }: TeamInput): Promise<Started> {
  const body = { ...more, input: messages };
  const run = await request<Schemas['Run']>('POST', `/v1/teams/${encodeURIComponent(team_id)}/runs`, { body });
  return { session: run.session_id ?? '', run: run.id };
}

/** Starts a run. The answer is not read here: a session's run goes on without its reader, and is followed by its events. */
export async function send(input: InferInput, isKnown: IsKnown): Promise<Started> {
  const key = crypto.getRandomValues(new Uint32Array(4)).join('-');
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await begin(input, key, isKnown);
    } catch (thrown) {
      const unreached = thrown instanceof ApiError && UNREACHED.includes(thrown.status);
      if (!unreached || attempt === ATTEMPTS) throw ApiError.from(thrown);
      await pause(300 * 2 ** attempt);
    }
  }
}

async function begin(input: InferInput, key: string, isKnown: IsKnown): Promise<Started> {
  const abort = new AbortController();
  const session = input.session_id ?? '';
  try {
    const posted = post(input, key, abort.signal);
    if (session === 'new') return await posted;
    return await Promise.race([posted, queued(session, input, isKnown, abort.signal)]);
  } finally {
    abort.abort();
  }
}

async function post(input: InferInput, key: string, signal: AbortSignal): Promise<Started> {
  const response = await authorizedFetch('/v1/infer/stream', {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify(input),
    signal,
  }).catch((thrown: unknown) => {
    throw isAbort(thrown) ? thrown : ApiError.from(thrown);
  });
  if (!response.ok) throw new ApiError(response.status, await response.json().catch(() => null));
  const session = response.headers.get('x-session-id') ?? '';
  const run = response.headers.get('x-run-id');
  const init = await firstFrame(response.body, run ? FIRST_FRAME : Number.POSITIVE_INFINITY);
  if (init) return { session: init.session_id ?? session, run: init.run_id, ...said(init) };
  if (run) return { session, run };
  throw new ApiError(502, null);
}

function said(init: Schemas['S1Init']): Pick<Started, 'timestamp' | 'title'> {
  return { timestamp: init.user_message_timestamp ?? undefined, title: init.title ?? undefined };
}

async function firstFrame(
  body: ReadableStream<Uint8Array> | null,
  patience: number,
): Promise<Schemas['S1Init'] | undefined> {
  if (!body) return undefined;
  try {
    for await (const frames of framesOf(body, patience)) {
      const init = frames.find((frame) => frame.event === 'init');
      if (init) return JSON.parse(init.data) as Schemas['S1Init'];
    }
  } catch {
    // Silence: the run waits in the session's queue.
  }
  return undefined;
}

/** Finds the run in the session's queue; never ends where it does not come to stand there. */
async function queued(session: string, input: InferInput, isKnown: IsKnown, signal: AbortSignal): Promise<Started> {
  const text = input.messages?.findLast((message) => message.role === 'user')?.content;
  for (;;) {
    await pause(LOOK);
    if (signal.aborted) throw new DOMException('', 'AbortError');
    const run = await waiting(session, isKnown, text).catch(() => undefined);
    if (run) return { session, run };
  }
}

async function waiting(session: string, isKnown: IsKnown, text: unknown): Promise<string | undefined> {
  const params = { query: { session, status: 'queued', limit: 20 } };
  const { runs } = await answer(api.GET('/v1/runs', { params }));
  const fresh = runs.filter((run) => !isKnown(run.id));
  if (fresh.length <= 1) return fresh[0]?.id;
  // Another tab may have queued something in the same moment.
  const inputs = await Promise.all(fresh.map(({ id }) => inputOf(id)));
  return fresh[Math.max(0, inputs.indexOf(String(text)))]?.id;
}

async function inputOf(run: string): Promise<string | undefined> {
  const query = { after: '0.0', limit: 1 };
  const { events } = await request<Schemas['EventPage']>('GET', `/v1/runs/${run}/events`, { query });
  const [first] = events;
  return first?.type === 'run_accepted' ? first.input.findLast(({ role }) => role === 'user')?.content : undefined;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
