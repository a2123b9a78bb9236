// One conversation: its turns, the runs that are going on in it, and everything a person does to it.
import { answer, api, ApiError, request } from '$lib/api/client';
import { assemble } from '$lib/chat/assemble';
import { coalesced } from '$lib/chat/coalesce';
import { eventsOf, Follower } from '$lib/chat/follower';
import { frames } from '$lib/chat/frames';
import { madeBy } from '$lib/chat/made';
import { send, sendToTeam, type InferInput, type Started } from '$lib/chat/send';
import { shareRevoke } from '$lib/chat/tabs';
import { filledIn } from '$lib/chat/template';
import type { Connection } from '$lib/stream/connect';
import {
  isOpen,
  type AssistantTurn,
  type CallPart,
  type MadeFile,
  type Turn,
  type UserTurn,
} from '$lib/stream/conversation';
import type { RunEvent, RunSummary, StoredTurn } from '$lib/stream/event';
import { turnsOf, userKey } from '$lib/stream/history';
import { begin, reduceAll, type RunFold } from '$lib/stream/reduce';

import { cellsOf, type TurnCell } from './cell.svelte';
import type { Filled } from './setup.svelte';

/** What a person says. */
export interface Said {
  text: string;
  images: readonly string[];
  audio?: string;
  /** The template that the text was made of. */
  template?: Filled;
}

/** Who answers, and how: the part of a request that is not the message. */
export type Composition = Pick<InferInput, 'agent_id' | 'model_id' | 'tool_ids' | 'workspace'> & { team_id?: string };

/** What is sent: the message, who is to answer it, and what is told before it. */
export interface Sending {
  said: Said;
  composition: Composition;
  /** Instructions, or a rendered template, put before the message. */
  before?: NonNullable<InferInput['messages']>;
  interrupt?: boolean;
}

/** The most runs that the service lists at once. */
const RUNS = 100;

export class Conversation {
  id = $state<string | null>(null);
  cells = $state.raw<readonly TurnCell[]>([]);
  phase = $state<'new' | 'loading' | 'loaded' | 'failed'>('new');
  error = $state.raw<ApiError | null>(null);
  connection = $state<Connection>('live');
  /** Runs that are not over, in their order; the first is the one that works. */
  open = $state.raw<readonly AssistantTurn[]>([]);
  /** What its last run was composed of. */
  meta = $state.raw<Composition>({});
  /** What is being done to it by this page: nothing else may be until it is done. */
  busy = $state(false);
  readonly running = $derived(this.open.some((run) => run.status !== 'queued'));

  #stored: readonly StoredTurn[] = [];
  #turns: readonly Turn[] = [];
  #runs = new Map<string, RunSummary>();
  #folds = new Map<string, RunFold>();
  #followers = new Map<string, Follower>();
  #fresh = new Map<string, RunEvent[]>();
  #sent = new Map<string, UserTurn>();
  #made = new Map<string, readonly MadeFile[]>();
  #sending: UserTurn[] = [];
  #retries = new Map<string, Sending>();
  /** By a turn's key: the key of the cell that showed it before it had that one. */
  #cellKeys = new Map<string, string>();
  #seen = false;
  #next = 1;

  constructor(
    /** Stays the same when the conversation gets its id. */
    readonly key: string,
    id: string | null,
    /** Told when the service has made it. */
    private readonly born: (started: Started) => void,
  ) {
    this.id = id;
  }

  /** Whether a person looks at it: then its run is streamed. */
  set seen(seen: boolean) {
    this.#seen = seen;
    this.#attend();
  }

  /** Streams the run that works, if somebody looks; the others only wait, and cost no connection. */
  #attend(): void {
    const [first] = [...this.#followers.keys()].sort();
    for (const [run, follower] of this.#followers) follower.live = this.#seen && run === first;
  }

  /** Whether a request of this page has not been answered yet. */
  get sending(): boolean {
    return this.#sending.some((turn) => turn.state === 'sending');
  }

  /** Reads it, unless that was done. */
  async load(): Promise<void> {
    if (this.id === null || this.phase === 'loaded' || this.phase === 'loading') return;
    this.phase = 'loading';
    await this.reload();
  }

  /** Reads it anew: somebody else may have said or revoked something. */
  readonly reload = coalesced(async () => {
    const id = this.id;
    if (id === null) return;
    try {
      const path = { id };
      const conversation = await answer(api.GET('/v1/sessions/{id}', { params: { path } }));
      // Afterwards: a run that has a turn is told as begun then.
      const runs = await this.#readRuns(id);
      const { agent_id, model_id, tool_ids, workspace } = conversation.meta;
      this.meta = { agent_id, model_id, tool_ids, workspace };
      this.#store(conversation.messages as unknown as StoredTurn[]);
      this.#know(runs);
      this.#prune();
      this.phase = 'loaded';
      this.error = null;
    } catch (thrown) {
      this.error = ApiError.from(thrown);
      this.phase = this.phase === 'loaded' ? 'loaded' : 'failed';
    }
    this.#show();
  });

  /** Looks for runs that somebody else began. */
  readonly look = coalesced(async () => {
    if (this.id === null || this.phase !== 'loaded' || this.sending) return;
    const runs = await this.#readRuns(this.id);
    if (runs.every((run) => this.#runs.has(run.id) || this.#folds.has(run.id))) return;
    await this.reload();
  });

  /** The newest runs at once; the older ones, whose costs and endings are seen by scrolling up, afterwards. */
  async #readRuns(session: string): Promise<RunSummary[]> {
    const page = await answer(api.GET('/v1/runs', { params: { query: { session, limit: RUNS } } }));
    if (page.next_cursor && !this.#runs.has(page.runs.at(-1)?.id ?? ''))
      void this.#readOlder(session, page.next_cursor);
    return page.runs;
  }

  async #readOlder(session: string, cursor: string): Promise<void> {
    try {
      for (let next: string | null | undefined = cursor; next;) {
        const query = { session, limit: 500, cursor: next };
        const page: { runs: RunSummary[]; next_cursor?: string | null } = await answer(
          api.GET('/v1/runs', { params: { query } }),
        );
        for (const run of page.runs) this.#runs.set(run.id, run);
        next = page.next_cursor;
      }
      this.#restore();
      this.#show();
    } catch {
      // Without them the turns are shown all the same; what they cost is not.
    }
  }

  #store(messages: readonly StoredTurn[]): void {
    this.#stored = messages;
    this.#restore();
  }

  #know(runs: readonly RunSummary[]): void {
    for (const run of runs) this.#runs.set(run.id, run);
    this.#restore();
    // The list begins with the newest; they are followed in their order.
    for (const run of runs.toReversed()) {
      if (['queued', 'running', 'waiting'].includes(run.status)) this.#follow(run.id);
    }
  }

  /** Forgets runs whose turns were revoked: nothing of them is stored, and nothing follows. */
  #prune(): void {
    const stored = new Set(this.#turns.flatMap((turn) => (turn.kind === 'system' ? [] : [turn.runId])));
    const open = new Set([...this.#runs.values()].filter((run) => !run.finished_at).map((run) => run.id));
    for (const run of [...this.#folds.keys()]) if (!stored.has(run) && !open.has(run)) this.#release(run);
  }

  #release(run: string): void {
    this.#followers.get(run)?.stop();
    this.#followers.delete(run);
    this.#folds.delete(run);
    this.#fresh.delete(run);
  }

  #restore(): void {
    // Events tell sooner than the list that a queued run has begun.
    const begun = (run: RunSummary) => run.started_at ?? this.#folds.get(run.id)?.turn.startedAt;
    this.#turns = turnsOf(
      this.#stored,
      [...this.#runs.values()].map((run) => ({ ...run, started_at: begun(run) })),
    );
  }

  #follow(run: string): void {
    if (this.#followers.has(run)) return;
    if (!this.#folds.has(run)) this.#folds.set(run, begin(run));
    const follower = new Follower(run, this.#seen && this.#followers.size === 0, {
      events: (events) => this.#hear(run, events),
      connection: (connection) => (this.connection = connection),
      over: () => this.#over(run),
      failed: () => {
        this.#release(run);
        void this.reload();
      },
    });
    this.#followers.set(run, follower);
    this.#attend();
  }

  #hear(run: string, events: RunEvent[]): void {
    this.#fresh.set(run, [...(this.#fresh.get(run) ?? []), ...events]);
    frames.schedule(this.#take);
  }

  /** Folds what came since the last frame. Mostly one turn has grown, and only its cell is touched. */
  readonly #take = (): void => {
    let whole = false;
    for (const [run, events] of this.#fresh) {
      const before = this.#folds.get(run) ?? begin(run);
      const fold = reduceAll(before, events);
      this.#folds.set(run, fold);
      const cell = this.cells.find((cell) => cell.turn.kind === 'assistant' && cell.turn.runId === run);
      if (cell && cell.turn.kind === 'assistant' && isOpen(fold.turn)) {
        cell.turn = cell.turn.name ? { ...fold.turn, name: cell.turn.name } : fold.turn;
        whole ||= before.turn.status !== fold.turn.status;
      } else {
        whole = true;
      }
    }
    this.#fresh.clear();
    if (whole) this.#show();
  };

  #show(): void {
    const folds = [...this.#folds.values()].sort((one, other) =>
      (one.turn.runId ?? '') < (other.turn.runId ?? '') ? -1 : 1,
    );
    const turns = assemble({ stored: this.#turns, folds, sent: this.#sent, made: this.#made, sending: this.#sending });
    this.cells = cellsOf(turns, this.cells, (turn) => this.#cellKeys.get(turn.key) ?? turn.key);
    const open = folds.filter((fold) => this.#followers.has(fold.turn.runId ?? '') && isOpen(fold.turn));
    this.open = open.map((fold) => fold.turn);
  }

  async #over(run: string): Promise<void> {
    this.#take();
    this.#followers.delete(run);
    this.#attend();
    this.#show();
    await Promise.all([this.#readNew(), this.#findFiles(run)]);
  }

  /** Looks for what a run made. A service without a workspace has nothing to find. */
  async #findFiles(run: string): Promise<void> {
    const turn = this.#folds.get(run)?.turn;
    if (!turn?.parts.some((part) => part.kind === 'call')) return;
    const files = await madeBy(turn).catch(() => []);
    if (files.length === 0) return;
    this.#made.set(run, files);
    this.#show();
  }

  /** Reads the turns that were stored since: they bring the times by which turns are revoked. */
  readonly #readNew = coalesced(async () => {
    if (this.id === null) return;
    try {
      const cursor = this.#stored.at(-1)?.timestamp;
      const params = { path: { id: this.id }, query: { cursor, limit: 500 } };
      const page = await answer(api.GET('/v1/sessions/{id}/messages', { params }));
      const runs = await this.#readRuns(this.id);
      for (const run of runs) this.#runs.set(run.id, run);
      // What was revoked or read anew meanwhile has the last word.
      const last = this.#stored.at(-1)?.timestamp ?? '';
      const fresh = (page.messages as unknown as StoredTurn[]).filter((turn) => turn.timestamp > last);
      if (last === (cursor ?? '')) this.#store([...this.#stored, ...fresh]);
      this.#show();
    } catch {
      // The turns are there; whoever revokes one reads them again.
    }
  });

  /** Says something. Rejects when the service refuses; the turn then stays, with the reason and a way to send it again. */
  async say(sending: Sending): Promise<void> {
    const key = `sending:${this.#next++}`;
    const { text, images, audio } = sending.said;
    this.#retries.set(key, sending);
    this.#sending = [...this.#sending, { kind: 'user', key, text, images, audio, state: 'sending' }];
    this.#show();
    await this.#send(key, sending);
  }

  /** Sends once more what could not be sent. */
  async resend(key: string): Promise<void> {
    const sending = this.#retries.get(key);
    if (!sending) return;
    this.#mark(key, { state: 'sending', error: undefined });
    await this.#send(key, sending);
  }

  /** Takes back what could not be sent; what it said. */
  drop(key: string): Said | undefined {
    const said = this.#retries.get(key)?.said;
    this.#forget(key);
    this.#show();
    return said;
  }

  async #send(key: string, { said, composition, before = [], interrupt }: Sending): Promise<void> {
    const messages = [...before, messageOf(said)];
    const input = { ...composition, session_id: this.id ?? 'new', messages, interrupt };
    const { team_id } = composition;
    const isKnown = (run: string) => this.#folds.has(run) || this.#runs.has(run);
    try {
      const started = await (team_id ? sendToTeam({ ...input, team_id }) : send(input, isKnown));
      this.#started(key, started);
    } catch (thrown) {
      const error = ApiError.from(thrown);
      this.#mark(key, { state: 'failed', error: [error.sentence, error.remedy].filter(Boolean).join(' ') });
      throw error;
    }
  }

  #started(key: string, started: Started): void {
    const turn = this.#sending.find((turn) => turn.key === key);
    this.#cellKeys.set(userKey(started.run, 0), key);
    if (turn) this.#sent.set(started.run, { ...turn, timestamp: started.timestamp });
    this.#forget(key);
    if (this.id === null) {
      this.id = started.session;
      this.phase = 'loaded';
      this.born(started);
    }
    // What was sent is shown as the run's question from the start, before its first event comes.
    const fold = begin(started.run);
    this.#folds.set(started.run, { ...fold, turn: { ...fold.turn, status: started.timestamp ? 'running' : 'queued' } });
    this.#follow(started.run);
    this.#show();
  }

  #mark(key: string, change: Partial<UserTurn>): void {
    this.#sending = this.#sending.map((turn) => (turn.key === key ? { ...turn, ...change } : turn));
    this.#show();
  }

  #forget(key: string): void {
    this.#sending = this.#sending.filter((turn) => turn.key !== key);
    this.#retries.delete(key);
  }

  /** Ends the run that works; what was said stays, and what is queued goes on. */
  async stop(): Promise<void> {
    const run = this.open.find((run) => run.status !== 'queued') ?? this.open[0];
    if (run?.runId) await this.cancel(run.runId);
  }

  /** Ends a run, also one that is still queued. */
  async cancel(run: string): Promise<void> {
    await answer(api.POST('/v1/runs/{id}/cancel', { params: { path: { id: run } }, body: {} }));
  }

  /** Deletes a person's turn and everything after it. */
  async revoke(turn: UserTurn): Promise<void> {
    const id = this.id;
    if (id === null) return;
    this.busy = true;
    try {
      const timestamp = turn.timestamp ?? (await this.#timeOf(turn));
      const params = { path: { id } };
      await answer(api.POST('/v1/sessions/{id}/revoke', { params, body: { timestamp, forced: true } }));
      this.#cut(timestamp);
      shareRevoke(id);
      await this.reload();
    } finally {
      this.busy = false;
    }
  }

  async #timeOf(turn: UserTurn): Promise<string> {
    await this.#readNew();
    const found = this.#turns.find((other) => other.kind === 'user' && other.key === turn.key);
    const timestamp = found?.kind === 'user' ? found.timestamp : undefined;
    if (timestamp === undefined) throw new ApiError(404, null);
    return timestamp;
  }

  /** Forgets a turn and what came after it. */
  #cut(timestamp: string): void {
    const from = this.#turns.findIndex((turn) => turn.kind === 'user' && turn.timestamp === timestamp);
    const kept = from === -1 ? this.#turns : this.#turns.slice(0, from);
    const runs = new Set(kept.flatMap((turn) => (turn.kind === 'system' ? [] : [turn.runId])));
    for (const run of [...this.#folds.keys()]) {
      if (!runs.has(run)) this.#release(run);
    }
    this.#store(this.#stored.filter((turn) => turn.timestamp < timestamp));
    this.#show();
  }

  /** Reads what only a run's events tell of an answer. */
  async detail(turn: AssistantTurn): Promise<void> {
    const run = turn.runId;
    if (turn.detailed || !run || this.#folds.has(run)) return;
    const fold = reduceAll(begin(run), await eventsOf(run));
    if (this.#folds.has(run)) return;
    this.#folds.set(run, fold);
    this.#show();
    await this.#findFiles(run);
  }

  /** The same for every answer, one after the other. */
  async detailAll(): Promise<void> {
    for (const { turn } of this.cells) if (turn.kind === 'assistant') await this.detail(turn);
  }

  async approve(call: CallPart, given?: Record<string, unknown>): Promise<void> {
    await this.#decide(call, { decision: 'approve', arguments: given });
  }

  async reject(call: CallPart, comment?: string): Promise<void> {
    await this.#decide(call, { decision: 'reject', comment });
  }

  async #decide(call: CallPart, body: Record<string, unknown>): Promise<void> {
    const path = `/v1/runs/${call.runId ?? ''}/approvals/${call.callId ?? ''}`;
    await request('POST', path, { body });
  }

  /** Gives the result of a call that waits for it. */
  async give(call: CallPart, content: unknown, isError = false): Promise<void> {
    const body = { call_id: call.callId, content, is_error: isError };
    await request('POST', `/v1/runs/${call.runId ?? ''}/input`, { body });
  }

  /** Lets go of its connections. */
  close(): void {
    for (const follower of this.#followers.values()) follower.stop();
    this.#followers.clear();
  }
}

function messageOf({ text, images, audio, template }: Said): NonNullable<InferInput['messages']>[number] {
  const message = { role: 'user', content: text, images: images.length > 0 ? [...images] : undefined, audio };
  if (!template) return message;
  return { ...message, prompt_template: template.template, arguments: filledIn(template.values) };
}
