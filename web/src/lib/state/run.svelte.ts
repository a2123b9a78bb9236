// One run as its page shows it: what it is, its events as they come, and what can be done to it.
import { answer, api, ApiError, isAbort, type Schemas } from '$lib/api/client';
import * as decide from '$lib/runs/decide';
import { isOver } from '$lib/runs/status';
import type { Connection } from '$lib/stream/connect';
import type { RunEvent } from '$lib/stream/event';
import { follow } from '$lib/stream/follow';
import { begin, reduceAll, type RunFold } from '$lib/stream/reduce';

export type Run = Schemas['Run'];
export type Artifact = Schemas['Artifact'];

/** Rows are laid out anew at most so often, however fast the words come. */
const FRAME = 80;

export class RunDetails {
  readonly id: string;
  run = $state.raw<Run | null>(null);
  fold: RunFold = $state.raw(begin(''));
  events = $state.raw<RunEvent[]>([]);
  artifacts = $state.raw<Artifact[]>([]);
  connection = $state<Connection>('live');
  error = $state.raw<ApiError | null>(null);
  /** Milliseconds; moves while the run goes on, for its bars. */
  now = $state(Date.now());
  #pending: RunEvent[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #abort = new AbortController();

  constructor(id: string) {
    this.id = id;
    this.fold = begin(id);
  }

  /** Whether it goes on, as far as its events tell. */
  get open(): boolean {
    return this.run !== null && !isOver(this.run.status);
  }

  async start(): Promise<void> {
    this.#abort = new AbortController();
    this.error = null;
    try {
      await this.#read();
      await Promise.all([this.#follow(this.#abort.signal), this.#readArtifacts()]);
      this.#show();
      await this.#read();
      await this.#readArtifacts();
    } catch (thrown) {
      if (!isAbort(thrown)) this.error = ApiError.from(thrown);
    }
  }

  stop(): void {
    this.#abort.abort();
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  async cancel(): Promise<void> {
    this.run = await decide.cancel(this.id);
  }

  /** Runs it once more; answers with the new run's id. */
  async retry(): Promise<string> {
    const again = await answer(api.POST('/v1/runs/{id}/retry', { params: { path: { id: this.id } } }));
    return again.id;
  }

  async approve(call: string, changed?: Record<string, unknown>): Promise<void> {
    this.run = await decide.approve(this.#call(call), changed);
  }

  async reject(call: string, comment: string): Promise<void> {
    this.run = await decide.reject(this.#call(call), comment || undefined);
  }

  /** Gives the result of a call that the caller makes. */
  async give(call: string, content: unknown, isError: boolean): Promise<void> {
    this.run = await decide.give(this.#call(call), content, isError);
  }

  #call(callId: string): decide.WaitingCall {
    return { runId: this.id, callId };
  }

  async #read(): Promise<void> {
    const params = { path: { id: this.id } };
    this.run = await answer(api.GET('/v1/runs/{id}', { params, signal: this.#abort.signal }));
  }

  async #readArtifacts(): Promise<void> {
    const params = { path: { id: this.id } };
    const list = await answer(api.GET('/v1/runs/{id}/artifacts', { params, signal: this.#abort.signal }));
    this.artifacts = list.artifacts;
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const clock = setInterval(() => (this.now = Date.now()), 250);
    try {
      const onconnection = (connection: Connection) => (this.connection = connection);
      for await (const batch of follow(this.id, { signal, onconnection })) {
        this.#pending.push(...batch.events);
        this.#timer ??= setTimeout(() => this.#show(), FRAME);
        if (batch.events.some(changesWhatWaits)) void this.#read().catch(() => undefined);
      }
    } finally {
      clearInterval(clock);
      this.now = Date.now();
    }
  }

  #show(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const events = this.#pending.splice(0);
    if (events.length === 0) return;
    this.fold = reduceAll(this.fold, events);
    this.events = [...this.events, ...events];
  }
}

/** Events after which the run itself says something else: what it waits for, and whether it is over. */
function changesWhatWaits({ type }: RunEvent): boolean {
  return (
    type === 'run_started' || type === 'approval_requested' || type === 'approval_decided' || type === 'input_required'
  );
}
