// The variables of the service: which are kept, and which it would read. Values go in and never come out.
import { answer, api } from '$lib/api/client';

export interface Variable {
  name: string;
  /** What the service shows of the value; empty where it has none. */
  mask: string;
}

export class Environment {
  phase = $state<'loading' | 'loaded' | 'failed'>('loading');
  error = $state.raw<unknown>(null);
  /** The names of those that the service reads, as far as it was asked. */
  known = $state.raw<string[]>([]);
  #kept = $state.raw<Record<string, string>>({});

  readonly variables: Variable[] = $derived([
    ...Object.entries(this.#kept).map(([name, mask]) => ({ name, mask })),
    ...this.known.filter((name) => !Object.hasOwn(this.#kept, name)).map((name) => ({ name, mask: '' })),
  ]);

  async load(): Promise<void> {
    this.phase = 'loading';
    try {
      this.#kept = (await answer(api.GET('/v1/env'))).env;
      this.phase = 'loaded';
    } catch (thrown) {
      this.error = thrown;
      this.phase = 'failed';
    }
  }

  /** Asks which variables the service reads; answers how many there are, and how many of them are not set. */
  async detect(): Promise<{ count: number; fresh: number }> {
    this.known = (await answer(api.POST('/v1/env/detect'))).keys;
    return { count: this.known.length, fresh: this.known.filter((name) => !Object.hasOwn(this.#kept, name)).length };
  }

  async set(key: string, value: string): Promise<void> {
    this.#kept = (await answer(api.POST('/v1/env', { body: { key, value } }))).env;
  }

  async remove(key: string): Promise<void> {
    this.#kept = (await answer(api.DELETE('/v1/env/{key}', { params: { path: { key } } }))).env;
  }
}
