// What the service keeps of a conversation: its stored turns, and the runs that made them.
import { answer, api } from '$lib/api/client';
import { isOver } from '$lib/runs/status';
import type { Turn } from '$lib/stream/conversation';
import type { RunSummary, StoredTurn } from '$lib/stream/event';
import { turnsOf } from '$lib/stream/history';

import type { Composition } from './sending';

/** The most runs that the service lists at once in a first look, and in one for older ones. */
const RUNS = 100;
const OLDER = 500;

/** Whoever has an archive. */
interface Reader {
  /** When a run began, as far as its events have told it: they do sooner than the list. */
  startedAt(run: string): string | undefined;
  /** Older runs became known. */
  changed(): void;
}

export class Archive {
  /** The stored turns, with what is known of their runs. */
  turns: readonly Turn[] = [];
  readonly runs = new Map<string, RunSummary>();
  #messages: readonly StoredTurn[] = [];
  /** Runs that were over before the turns were read: all that they said is among these. */
  #whole = new Set<string>();

  constructor(private readonly reader: Reader) {}

  /**
   * Reads all turns and the newest runs; what the conversation was composed of last, and the runs that the turns may
   * lack something of, the newest first.
   */
  async read(session: string): Promise<{ meta: Composition; unread: RunSummary[] }> {
    const path = { id: session };
    const before = await this.readRuns(session);
    const { meta, messages } = await answer(api.GET('/v1/sessions/{id}', { params: { path } }));
    const turns = messages as unknown as StoredTurn[];
    // Afterwards, where something went on meanwhile: a run that has a turn is told as begun then.
    const runs = isQuiet(before, turns) ? before : await this.readRuns(session);
    this.#know(runs);
    this.#whole = new Set(before.filter(({ status }) => isOver(status)).map(({ id }) => id));
    this.#store(turns);
    const { agent_id, model_id, tool_ids, workspace } = meta;
    return { meta: { agent_id, model_id, tool_ids, workspace }, unread: runs.filter(({ id }) => !this.isWhole(id)) };
  }

  /** Whether all that a run said was read. */
  isWhole(run: string): boolean {
    return this.#whole.has(run);
  }

  /** Reads the turns that were stored since: they bring the times by which turns are revoked. */
  async readNew(session: string): Promise<void> {
    const cursor = this.#messages.at(-1)?.timestamp;
    const params = { path: { id: session }, query: { cursor, limit: 500 } };
    const page = await answer(api.GET('/v1/sessions/{id}/messages', { params }));
    this.#know(await this.readRuns(session));
    // What was revoked or read anew meanwhile has the last word.
    const last = this.#messages.at(-1)?.timestamp ?? '';
    const fresh = (page.messages as unknown as StoredTurn[]).filter((turn) => turn.timestamp > last);
    if (last === (cursor ?? '')) this.#store([...this.#messages, ...fresh]);
  }

  /** The newest runs at once; the older ones, whose costs and endings are seen by scrolling up, afterwards. */
  async readRuns(session: string): Promise<RunSummary[]> {
    const page = await answer(api.GET('/v1/runs', { params: { query: { session, limit: RUNS } } }));
    if (page.next_cursor && !this.runs.has(page.runs.at(-1)?.id ?? '')) void this.#readOlder(session, page.next_cursor);
    return page.runs;
  }

  /** Forgets a person's turn and what came after it. */
  cut(timestamp: string): void {
    this.#store(this.#messages.filter((turn) => turn.timestamp < timestamp));
  }

  /** The runs that have turns, of all or of those before a person's turn. */
  runsBefore(timestamp?: string): Set<string | undefined> {
    const from = this.turns.findIndex((turn) => turn.kind === 'user' && turn.timestamp === timestamp);
    const kept = timestamp === undefined || from === -1 ? this.turns : this.turns.slice(0, from);
    return new Set(kept.flatMap((turn) => (turn.kind === 'system' ? [] : [turn.runId])));
  }

  async #readOlder(session: string, cursor: string): Promise<void> {
    try {
      for (let next: string | null | undefined = cursor; next;) {
        const query = { session, limit: OLDER, cursor: next };
        const page: { runs: RunSummary[]; next_cursor?: string | null } = await answer(
          api.GET('/v1/runs', { params: { query } }),
        );
        this.#know(page.runs);
        next = page.next_cursor;
      }
      this.#restore();
      this.reader.changed();
    } catch {
      // Without them the turns are shown all the same; what they cost is not.
    }
  }

  #know(runs: readonly RunSummary[]): void {
    for (const run of runs) this.runs.set(run.id, run);
  }

  #store(messages: readonly StoredTurn[]): void {
    this.#messages = messages;
    this.#restore();
  }

  #restore(): void {
    const begun = (run: RunSummary) => run.started_at ?? this.reader.startedAt(run.id);
    this.turns = turnsOf(
      this.#messages,
      [...this.runs.values()].map((run) => ({ ...run, started_at: begun(run) })),
    );
  }
}

/** Whether all runs were over, and nothing was said after the newest one. */
function isQuiet(runs: readonly RunSummary[], turns: readonly StoredTurn[]): boolean {
  const [newest, last] = [runs[0]?.finished_at ?? '', turns.at(-1)?.timestamp ?? ''];
  // Both to the microsecond; that of a run names its zone.
  return runs.every(({ status }) => isOver(status)) && last <= newest.replace(/Z$/, '');
}
