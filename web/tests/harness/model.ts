// The scripted model server with a scenario of its own.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { program } from './places';
import { Process } from './process';

export class ModelServer {
  readonly url: string;
  readonly #process: Process;

  private constructor(process: Process, url: string) {
    this.#process = process;
    this.url = url;
  }

  /** Starts it with a scenario as YAML (tests/model-server says how one is written); without one it echoes. */
  static async start(folder: string, scenario: string | null): Promise<ModelServer> {
    const parameters = ['--listen', '127.0.0.1:0'];
    if (scenario !== null) {
      const file = join(folder, 'scenario.yaml');
      await writeFile(file, scenario);
      parameters.push('--scenario', file);
    }
    const process = new Process(program('troupe-model-server'), parameters);
    const url = await process.until(() => /^ready (\S+?)\/*$/m.exec(process.said)?.[1] ?? null);
    return new ModelServer(process, url.endsWith('/v1') ? url : `${url}/v1`);
  }

  end(): Promise<void> {
    return this.#process.end();
  }
}
