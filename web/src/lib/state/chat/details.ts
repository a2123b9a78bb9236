// What is known of an answer only when somebody asks: what its run's events tell, and the files that it made.
import { eventsOf } from '$lib/chat/follower';
import { madeBy } from '$lib/chat/made';
import type { AssistantTurn, MadeFile } from '$lib/stream/conversation';
import { begin, reduceAll, type RunFold } from '$lib/stream/reduce';

export class Details {
  /** What each run made in the workspace. */
  readonly made = new Map<string, readonly MadeFile[]>();

  constructor(
    /** What is known of runs by their events. */
    private readonly folds: Map<string, RunFold>,
    /** More is known now. */
    private readonly changed: () => void,
  ) {}

  /** Reads the events of an answer, unless they are known. */
  async read(turn: AssistantTurn): Promise<void> {
    const run = turn.runId;
    if (turn.detailed || !run || this.folds.has(run)) return;
    const fold = reduceAll(begin(run), await eventsOf(run));
    if (this.folds.has(run)) return;
    this.folds.set(run, fold);
    this.changed();
    await this.findFiles(run);
  }

  /** Looks for what a run made. A service without a workspace has nothing to find. */
  async findFiles(run: string): Promise<void> {
    const turn = this.folds.get(run)?.turn;
    if (!turn?.parts.some((part) => part.kind === 'call')) return;
    const files = await madeBy(turn).catch(() => []);
    if (files.length === 0) return;
    this.made.set(run, files);
    this.changed();
  }
}
