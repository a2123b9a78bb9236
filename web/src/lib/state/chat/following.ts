// The runs of a conversation that go on: keeps up with each, and folds what they tell once per frame.
import { Follower } from '$lib/chat/follower';
import { frames } from '$lib/chat/frames';
import type { Connection } from '$lib/stream/connect';
import type { RunEvent } from '$lib/stream/event';
import { begin, reduceAll, type RunFold } from '$lib/stream/reduce';

/** A run before and after some events. */
export interface Change {
  before: RunFold;
  after: RunFold;
}

/** Whoever has runs followed. */
interface Listener {
  changed(changes: readonly Change[]): void;
  connection(connection: Connection): void;
  /** A run is over, and all its events were told. */
  over(run: string): void;
  /** One cannot be followed, and is forgotten: whatever it was, only what is stored of it can be shown. */
  failed(): void;
}

export class Following {
  /** What is known by events, also of runs that are over. */
  readonly folds = new Map<string, RunFold>();
  #followers = new Map<string, Follower>();
  #fresh = new Map<string, RunEvent[]>();
  /** Those that could not be followed. What is refused now is refused in a moment, too: it is not asked for at once. */
  #lost = new Set<string>();
  /** The run whose connection is broken: nobody else would tell that it stands again once the run is forgotten. */
  #broken: string | null = null;
  #seen = false;

  constructor(private readonly listener: Listener) {}

  /** Whether a person looks at the conversation: then its run is streamed. */
  set seen(seen: boolean) {
    this.#seen = seen;
    this.#attend();
  }

  /** All folds, in the order in which their runs began or will. */
  get inOrder(): RunFold[] {
    return [...this.folds.values()].sort((one, other) => ((one.turn.runId ?? '') < (other.turn.runId ?? '') ? -1 : 1));
  }

  /** Whether a run is followed still. */
  has(run: string): boolean {
    return this.#followers.has(run);
  }

  /** Whether there are runs that could not be followed. */
  get hasLost(): boolean {
    return this.#lost.size > 0;
  }

  /** Lets lost runs be followed again. */
  forgive(): void {
    this.#lost.clear();
  }

  /** Follows a run, unless it is followed already or is lost. */
  follow(run: string): void {
    if (this.#followers.has(run) || this.#lost.has(run)) return;
    if (!this.folds.has(run)) this.folds.set(run, begin(run));
    // What a follower says after it was let go is not heard: a run that was revoked would come back.
    const heard = <Words extends unknown[]>(hear: (...words: Words) => void) => {
      return (...words: Words) => void (this.#followers.get(run) === follower && hear(...words));
    };
    const follower: Follower = new Follower(run, this.#seen && this.#followers.size === 0, {
      events: heard((events: RunEvent[]) => this.#hear(run, events)),
      connection: heard((connection: Connection) => this.#connected(run, connection)),
      over: heard(() => this.#over(run)),
      failed: heard(() => this.#lose(run)),
    });
    this.#followers.set(run, follower);
    this.#attend();
  }

  /** Forgets a run. */
  release(run: string): void {
    this.#followers.get(run)?.stop();
    this.folds.delete(run);
    this.#fresh.delete(run);
    if (this.#broken === run) this.#connected(run, 'live');
    if (this.#followers.delete(run)) this.#attend();
  }

  /** Lets go of all connections. */
  close(): void {
    for (const follower of this.#followers.values()) follower.stop();
    this.#followers.clear();
  }

  /** Streams the run that works, if somebody looks; the others only wait, and cost no connection. */
  #attend(): void {
    const [first] = [...this.#followers.keys()].sort();
    for (const [run, follower] of this.#followers) follower.live = this.#seen && run === first;
  }

  #lose(run: string): void {
    this.#lost.add(run);
    this.release(run);
    this.listener.failed();
  }

  #connected(run: string, connection: Connection): void {
    this.#broken = connection === 'broken' ? run : null;
    this.listener.connection(connection);
  }

  #hear(run: string, events: RunEvent[]): void {
    this.#fresh.set(run, [...(this.#fresh.get(run) ?? []), ...events]);
    frames.schedule(this.#take);
  }

  /** Folds what came since the last frame. */
  readonly #take = (): void => {
    const changes: Change[] = [];
    for (const [run, events] of this.#fresh) {
      const before = this.folds.get(run) ?? begin(run);
      const after = reduceAll(before, events);
      this.folds.set(run, after);
      changes.push({ before, after });
    }
    this.#fresh.clear();
    if (changes.length > 0) this.listener.changed(changes);
  };

  #over(run: string): void {
    this.#take();
    this.#followers.delete(run);
    this.#attend();
    this.listener.over(run);
  }
}
