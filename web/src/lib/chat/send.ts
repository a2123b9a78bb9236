/** Sends a message, and learns which run and which session came of it. */
import { answer, api, ApiError, authorizedFetch, isAbort, type Schemas } from '$lib/api/client';
import { framesOf } from '$lib/stream/sse';

export type InferInput = Schemas['InferInput'];

export interface Started {
  session: string;
  run: string;
  /** What a revoke names; none for a run that waits for another. */
  timestamp?: string;
  title?: string;
}

/** How long the first frame is waited for; it comes when the run begins, and one that is queued may not for minutes. */
const FIRST_FRAME = 1_500;

/** How often a message is sent again when no answer came. The key makes it one run, however often it arrives. */
const ATTEMPTS = 4;

/** Starts a run. The answer is not read here: a session's run goes on without its reader, and is followed by its events. */
export async function send(input: InferInput): Promise<Started> {
  const key = crypto.getRandomValues(new Uint32Array(4)).join('-');
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await begin(input, key);
    } catch (thrown) {
      const unreached = thrown instanceof ApiError ? thrown.status === 0 || thrown.status === 503 : !isAbort(thrown);
      if (!unreached || attempt === ATTEMPTS) throw ApiError.from(thrown);
      await new Promise((resolve) => setTimeout(resolve, 300 * 2 ** attempt));
    }
  }
}

async function begin(input: InferInput, key: string): Promise<Started> {
  const abort = new AbortController();
  const response = await authorizedFetch('/v1/infer/stream', {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify(input),
    signal: abort.signal,
  }).catch((thrown: unknown) => {
    throw ApiError.from(thrown);
  });
  if (!response.ok) throw new ApiError(response.status, await response.json().catch(() => null));
  const session = response.headers.get('x-session-id') ?? '';
  const named = response.headers.get('x-run-id');
  try {
    const init = await firstFrame(response.body, named ? FIRST_FRAME / 5 : FIRST_FRAME);
    if (init) return { session: init.session_id ?? session, run: init.run_id, ...said(init) };
    return { session, run: named ?? (await newestQueued(session)) };
  } finally {
    abort.abort();
  }
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

/** The run that was queued last. The list begins with the newest. */
async function newestQueued(session: string): Promise<string> {
  const params = { query: { session, limit: 10 } };
  const { runs } = await answer(api.GET('/v1/runs', { params }));
  const run = runs.find((run) => run.status === 'queued') ?? runs[0];
  if (!run) throw new ApiError(404, null);
  return run.id;
}
