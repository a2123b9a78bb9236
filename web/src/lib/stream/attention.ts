/** Whether somebody sees the page: browsers give an origin six connections, for all of its tabs together. */

/** Who comes back soon finds the connection as it was, in milliseconds. */
const GRACE = 30_000;

/** From its making to its end, watches whether the page is seen. */
export class Attention {
  readonly #lapse = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    document.addEventListener('visibilitychange', this.#look);
    this.#look();
  }

  /** Aborted once nobody has seen the page for a while. */
  get signal(): AbortSignal {
    return this.#lapse.signal;
  }

  /** Whether that is so. */
  get lapsed(): boolean {
    return this.signal.aborted;
  }

  end(): void {
    clearTimeout(this.#timer);
    document.removeEventListener('visibilitychange', this.#look);
  }

  readonly #look = (): void => {
    clearTimeout(this.#timer);
    if (isHidden()) this.#timer = setTimeout(() => this.#lapse.abort(), GRACE);
  };
}

/** Waits until somebody sees the page, or `signal` is aborted. */
export function seen(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (isHidden() && !signal.aborted) return;
      document.removeEventListener('visibilitychange', look);
      signal.removeEventListener('abort', look);
      resolve();
    };
    document.addEventListener('visibilitychange', look);
    signal.addEventListener('abort', look);
    look();
  });
}

function isHidden(): boolean {
  return document.visibilityState === 'hidden';
}
