/** Gathers what comes in within one frame of the screen, so that a fast stream draws once per frame and not per token. */

/** How often a page that nobody sees is brought up to date, in milliseconds; it gets no frames. */
const UNSEEN = 250;

export class Frames {
  #due = new Set<() => void>();
  #scheduled = false;

  /** Runs it once, with everything else that is due, before the next frame is drawn. */
  schedule(run: () => void): void {
    this.#due.add(run);
    if (this.#scheduled) return;
    this.#scheduled = true;
    if (document.visibilityState === 'hidden') setTimeout(() => this.#flush(), UNSEEN);
    else this.#awaitFrame();
  }

  /** A page may be hidden while a frame is awaited; then the clock brings what the screen does not. */
  #awaitFrame(): void {
    let done = false;
    const flush = () => {
      if (done) return;
      done = true;
      clearTimeout(timer);
      cancelAnimationFrame(frame);
      this.#flush();
    };
    const timer = setTimeout(flush, UNSEEN);
    const frame = requestAnimationFrame(flush);
  }

  #flush(): void {
    this.#scheduled = false;
    const due = [...this.#due];
    this.#due.clear();
    for (const run of due) run();
  }
}

/** The page's frames. */
export const frames = new Frames();
