// One conversation as the page shows it: what is stored, what goes on and what is being sent, put together.
import { answer, api, ApiError } from '$lib/api/client';
import { assemble } from '$lib/chat/assemble';
import { coalesced } from '$lib/chat/coalesce';
import type { Started } from '$lib/chat/send';
import { shareRevoke } from '$lib/chat/tabs';
import { cancel } from '$lib/runs/decide';
import { isOver } from '$lib/runs/status';
import type { Connection } from '$lib/stream/connect';
import { isOpen, type AssistantTurn, type UserTurn } from '$lib/stream/conversation';
import type { RunSummary } from '$lib/stream/event';
import { begin } from '$lib/stream/reduce';

import { Archive } from './archive';
import { cellsOf, grow, type TurnCell } from './cell.svelte';
import { Details } from './details';
import { Following } from './following';
import { Outbox } from './outbox';
import { deliver, type Composition, type Said, type Sending } from './sending';

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

  readonly #archive = new Archive({
    startedAt: (run) => this.#following.folds.get(run)?.turn.startedAt,
    changed: () => this.#show(),
  });
  readonly #following = new Following({
    changed: (changes) => void (grow(this.cells, changes) || this.#show()),
    connection: (connection) => (this.connection = connection),
    over: (run) => void this.#over(run),
    failed: () => void this.#read(),
  });
  readonly #details = new Details(this.#following.folds, () => this.#show());
  readonly #outbox = new Outbox({
    deliver: (sending) => deliver(sending, this.id, (run) => this.#isKnown(run)),
    started: (started) => this.#started(started),
    changed: () => this.#show(),
  });

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
    this.#following.seen = seen;
  }

  /** Whether a request of this page has not been answered yet. */
  get sending(): boolean {
    return this.#outbox.sending;
  }

  /** Reads it, unless that was done. */
  async load(): Promise<void> {
    if (this.id === null || this.phase === 'loaded' || this.phase === 'loading') return;
    this.phase = 'loading';
    await this.reload();
  }

  /** Reads it anew: somebody else may have said or revoked something, and what could not be followed may be again. */
  async reload(): Promise<void> {
    this.#following.forgive();
    await this.#read();
  }

  readonly #read = coalesced(async () => {
    const id = this.id;
    if (id === null) return;
    try {
      const { meta, unread } = await this.#archive.read(id);
      this.meta = meta;
      // The list begins with the newest; they are followed in their order. One that ended meanwhile tells what it said.
      for (const run of unread.toReversed()) this.#following.follow(run.id);
      this.#prune(unread);
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
    const runs = await this.#archive.readRuns(this.id);
    // Of what is not followed nobody else tells that it is over.
    const isTold = ({ id }: RunSummary) => this.#following.folds.has(id) || this.#archive.isWhole(id);
    if (!this.#following.hasLost && runs.every(isTold)) return;
    await this.reload();
  });

  /** Says something. Rejects when the service refuses; the turn then stays, with the reason and a way to send it again. */
  async say(sending: Sending): Promise<void> {
    await this.#outbox.say(sending);
  }

  /** Sends once more what could not be sent. */
  async resend(key: string): Promise<void> {
    await this.#outbox.resend(key);
  }

  /** Takes back what could not be sent; what it said. */
  drop(key: string): Said | undefined {
    return this.#outbox.drop(key);
  }

  /** Ends the run that works; what was said stays, and what is queued goes on. */
  async stop(): Promise<void> {
    const run = this.open.find((run) => run.status !== 'queued') ?? this.open[0];
    if (run?.runId) await cancel(run.runId);
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

  /** Reads what only a run's events tell of an answer. */
  async detail(turn: AssistantTurn): Promise<void> {
    await this.#details.read(turn);
  }

  /** The same for every answer, one after the other. */
  async detailAll(): Promise<void> {
    for (const { turn } of this.cells) if (turn.kind === 'assistant') await this.detail(turn);
  }

  /** Lets go of its connections. */
  close(): void {
    this.#following.close();
  }

  #isKnown(run: string): boolean {
    return this.#following.folds.has(run) || this.#archive.runs.has(run);
  }

  #show(): void {
    const folds = this.#following.inOrder;
    const { turns: sending, sent } = this.#outbox;
    const turns = assemble({ stored: this.#archive.turns, folds, sent, made: this.#details.made, sending });
    this.cells = cellsOf(turns, this.cells, (turn) => this.#outbox.cellKey(turn));
    const open = folds.filter((fold) => this.#following.has(fold.turn.runId ?? '') && isOpen(fold.turn));
    this.open = open.map((fold) => fold.turn);
  }

  #started(started: Started): void {
    if (this.id === null) {
      this.id = started.session;
      this.phase = 'loaded';
      this.born(started);
    }
    // What was sent is shown as the run's question from the start, before its first event comes.
    const { turn, ...fold } = begin(started.run);
    const status = started.timestamp ? 'running' : 'queued';
    this.#following.folds.set(started.run, { ...fold, turn: { ...turn, status } });
    this.#following.follow(started.run);
    this.#show();
  }

  async #over(run: string): Promise<void> {
    this.#show();
    await Promise.all([this.#readNew(), this.#details.findFiles(run)]);
  }

  readonly #readNew = coalesced(async () => {
    if (this.id === null) return;
    try {
      await this.#archive.readNew(this.id);
      this.#show();
    } catch {
      // The turns are there; whoever revokes one reads them again.
    }
  });

  async #timeOf(turn: UserTurn): Promise<string> {
    await this.#readNew();
    const found = this.#archive.turns.find((other) => other.kind === 'user' && other.key === turn.key);
    const timestamp = found?.kind === 'user' ? found.timestamp : undefined;
    if (timestamp === undefined) throw new ApiError(404, null);
    return timestamp;
  }

  /** Forgets a turn and what came after it. */
  #cut(timestamp: string): void {
    this.#keep(this.#archive.runsBefore(timestamp));
    this.#archive.cut(timestamp);
    this.#show();
  }

  /** Forgets runs whose turns were revoked: nothing of them is stored, and nothing follows. */
  #prune(unread: readonly RunSummary[]): void {
    const open = [...this.#archive.runs.values()].filter((run) => !isOver(run.status));
    this.#keep(new Set([...this.#archive.runsBefore(), ...[...open, ...unread].map((run) => run.id)]));
  }

  #keep(runs: ReadonlySet<string | undefined>): void {
    for (const run of [...this.#following.folds.keys()]) if (!runs.has(run)) this.#following.release(run);
  }
}
