/**
 * How often a text that is being written is drawn: with every frame while that is cheap, less often when it is dear, so
 * that drawing never takes more than a small share of the time.
 */
import { flushSync } from 'svelte';

/** Of the time that drawing may take, what it took leaves this many times as much for everything else. */
const REST = 7;
/** A reader notices a longer pause. */
const LONGEST_PAUSE = 400;

export class Pace {
  #task: (() => void) | undefined;
  #frame = 0;
  #notBefore = 0;

  /** Draws with one of the next frames; a task that is still waiting is replaced. */
  soon(task: () => void): void {
    this.#task = task;
    if (this.#frame === 0) this.#frame = requestAnimationFrame((now) => this.#draw(now));
  }

  /** Forgets what is waiting. */
  stop(): void {
    this.#task = undefined;
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
  }

  #draw(now: number): void {
    this.#frame = 0;
    const task = this.#task;
    if (!task) return;
    if (now < this.#notBefore) {
      this.soon(task);
      return;
    }
    this.#task = undefined;
    const begun = performance.now();
    flushSync(task);
    const took = performance.now() - begun;
    this.#notBefore = now + Math.min(LONGEST_PAUSE, took * REST);
  }
}
