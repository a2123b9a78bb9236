// A process of ours: started, waited for, and ended by its own id.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

export class Process {
  readonly #child: ChildProcess;
  #said = '';

  constructor(program: string, parameters: string[], environment: Record<string, string> = {}) {
    this.#child = spawn(program, parameters, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH, HOME: process.env.HOME, RUST_LOG: 'warn', ...environment },
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (this.#said += text));
    }
  }

  /** All that it wrote. */
  get said(): string {
    return this.#said;
  }

  get ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Waits until `look` finds something; fails with what it said when it ends before. */
  async until<T>(look: () => T | null | Promise<T | null>): Promise<T> {
    for (let tries = 0; tries < 600; tries++) {
      const found = await look();
      if (found !== null) return found;
      if (this.ended) break;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error(`${this.#child.spawnfile} is not ready; it said:\n${this.#said}`);
  }

  /** Ends it: `SIGTERM` as people do, `SIGKILL` as a crash does. */
  async end(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    if (this.ended) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill(signal);
    await gone;
  }
}
