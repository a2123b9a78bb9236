// Conversations that are about to be deleted: gone from the list at once, and had back while that is regretted.

/** How long one can be had back, in milliseconds. */
const REGRET = 6_000;

export class Leaving {
  #gone = $state.raw<ReadonlySet<string>>(new Set());
  #timers = new Map<string, ReturnType<typeof setTimeout>>();

  constructor(private readonly end: (id: string) => Promise<void>) {}

  /** Whether it is on its way out. */
  has(id: string): boolean {
    return this.#gone.has(id);
  }

  /** Deletes one soon. */
  add(id: string, onfailed: (thrown: unknown) => void): void {
    this.#gone = new Set(this.#gone).add(id);
    this.#timers.set(
      id,
      setTimeout(() => void this.#leave(id).catch(onfailed), REGRET),
    );
  }

  /** Has it back, or forgets that it was here. */
  keep(id: string): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    const gone = new Set(this.#gone);
    gone.delete(id);
    this.#gone = gone;
  }

  /** Deletes all of them now. */
  all(): void {
    for (const [id, timer] of this.#timers) {
      clearTimeout(timer);
      void this.#leave(id).catch(() => undefined);
    }
  }

  async #leave(id: string): Promise<void> {
    try {
      await this.end(id);
    } finally {
      this.keep(id);
    }
  }
}
