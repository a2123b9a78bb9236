/**
 * Asks the worker for the colours of code, and starts another one when it does not answer: then this code has none.
 */
import type { Line } from './highlight';
import type { Answer, Request } from './highlight.worker';
import type { Grammar } from './languages';

/** A grammar is ready within a second, within a few on a slow phone or a busy machine. */
const PATIENCE = 20_000;

type Waiting = (lines: readonly Line[] | undefined) => void;

let worker: Worker | undefined;
let latest = 0;
let watchdog: ReturnType<typeof setTimeout> | undefined;
const waiting = new Map<number, Waiting>();

/** The colours of one block of code, from its first line on. */
export class Colours {
  readonly #block = (latest += 1);
  readonly #grammar: Grammar;

  constructor(grammar: Grammar) {
    this.#grammar = grammar;
  }

  /** The colours of the lines that follow; `undefined` where there are none. One call at a time. */
  next(lines: string[]): Promise<readonly Line[] | undefined> {
    return new Promise((tell) => {
      waiting.set(this.#block, tell);
      send({ block: this.#block, grammar: this.#grammar, lines });
      watchdog ??= setTimeout(giveUp, PATIENCE);
    });
  }

  /** No more lines will follow. */
  end(): void {
    waiting.get(this.#block)?.(undefined);
    waiting.delete(this.#block);
    if (worker) send({ block: this.#block, lines: [] });
  }
}

function send(request: Request): void {
  worker ??= start();
  worker.postMessage(request);
}

function start(): Worker {
  const started = new Worker(new URL('./highlight.worker.ts', import.meta.url), { type: 'module' });
  started.onmessage = ({ data }: MessageEvent<Answer>) => {
    clearTimeout(watchdog);
    const tell = waiting.get(data.block);
    waiting.delete(data.block);
    watchdog = waiting.size > 0 ? setTimeout(giveUp, PATIENCE) : undefined;
    tell?.(data.lines);
  };
  started.onerror = giveUp;
  return started;
}

/** Whoever waits goes without colours; the next block begins with another worker. */
function giveUp(): void {
  clearTimeout(watchdog);
  watchdog = undefined;
  worker?.terminate();
  worker = undefined;
  const left = [...waiting.values()];
  waiting.clear();
  for (const tell of left) tell(undefined);
}
