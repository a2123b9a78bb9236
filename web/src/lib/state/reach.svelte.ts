// Whether the service answers. While it does not, it is asked again by itself, slower and slower.
import { createContext } from 'svelte';

const FIRST = 1000;
const SLOWEST = 10_000;

export class Reach {
  away = $state(false);
  #ask: () => Promise<boolean>;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #pause = FIRST;

  /** `ask` says whether the service answers now. */
  constructor(ask: () => Promise<boolean>) {
    this.#ask = ask;
    addEventListener('online', () => void this.check());
  }

  /** Takes note of how a request fared. */
  note(reached: boolean): void {
    if (reached === !this.away) return;
    this.away = !reached;
    this.#pause = FIRST;
    if (this.away) this.#plan();
    else this.#stop();
  }

  /** Asks at once. */
  async check(): Promise<void> {
    this.#stop();
    const reached = await this.#ask();
    this.note(reached);
    if (!reached) this.#plan();
  }

  #plan(): void {
    this.#stop();
    this.#timer = setTimeout(() => void this.check(), this.#pause);
    this.#pause = Math.min(SLOWEST, this.#pause * 1.6);
  }

  #stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}

export const [getReach, setReach] = createContext<Reach>();
