// The real service over folders of its own, with the scripted model behind it and the console before it.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { preview, type PreviewServer, type ProxyOptions } from 'vite';

import { ModelServer } from './model';
import { built, consoleFrom, freePort, here, program } from './places';
import { Process } from './process';

export interface Start {
  /** Manifests by file name; `MODEL_URL` in them becomes the scripted server's. */
  manifests: Record<string, string>;
  scenario: string | null;
  token: string | null;
  arguments: string[];
}

export class Troupe {
  /** Where the console is. */
  console = '';
  /** Where the service is. */
  url = '';
  readonly folder: string;
  readonly #start: Start;
  #model: ModelServer | null = null;
  #process: Process | null = null;
  #preview: PreviewServer | null = null;

  private constructor(folder: string, start: Start) {
    this.folder = folder;
    this.#start = start;
  }

  get resources(): string {
    return join(this.folder, 'resources');
  }

  get workspace(): string {
    return join(this.folder, 'workspace');
  }

  get modelUrl(): string {
    return this.#model?.url ?? '';
  }

  static async start(start: Start): Promise<Troupe> {
    const troupe = new Troupe(await mkdtemp(join(tmpdir(), 'troupe-story-')), start);
    try {
      await troupe.#begin();
    } catch (error) {
      await troupe.end();
      throw error;
    }
    return troupe;
  }

  async #begin(): Promise<void> {
    this.#model = await ModelServer.start(this.folder, this.#start.scenario);
    await Promise.all([mkdir(this.resources), mkdir(this.workspace)]);
    for (const [name, text] of Object.entries(this.#start.manifests)) {
      await writeFile(join(this.resources, name), text.replaceAll('MODEL_URL', this.modelUrl));
    }
    this.url = `http://127.0.0.1:${await freePort()}`;
    await this.restart();
    this.console = consoleFrom === 'embedded' ? this.url : await this.#serveConsole();
  }

  async #serveConsole(): Promise<string> {
    const port = await freePort();
    // A service that dies breaks its answers off; the proxy would keep them open.
    const configure: ProxyOptions['configure'] = (proxy) =>
      proxy.on('proxyRes', (answer, _request, response) => answer.on('aborted', () => response.destroy()));
    const proxy = { '/v1': { target: this.url, changeOrigin: true, configure } };
    const headers = await this.#headersOfThePage();
    this.#preview = await preview({
      root: here('.'),
      configFile: false,
      build: { outDir: built },
      logLevel: 'silent',
      preview: { host: '127.0.0.1', port, strictPort: true, proxy, headers },
    });
    return `http://127.0.0.1:${port}`;
  }

  /** What the service tells a browser about its page, above all what the page may do: stories are told under the same. */
  async #headersOfThePage(): Promise<Record<string, string>> {
    const { headers } = await fetch(`${this.url}/`);
    const told = ['content-security-policy', 'x-content-type-options', 'x-frame-options', 'referrer-policy', 'permissions-policy'];
    return Object.fromEntries(told.map((name) => [name, headers.get(name) ?? '']));
  }

  /** Ends the service, as a crash would, and leaves it away. */
  async kill(): Promise<void> {
    await this.#process?.end('SIGKILL');
  }

  /** Starts the service on the same port over the same folders; one that runs is stopped first. */
  async restart(): Promise<void> {
    await this.#process?.end('SIGTERM');
    const environment: Record<string, string> = this.#start.token === null ? {} : { TROUPE_TOKEN: this.#start.token };
    const parameters = ['serve', this.resources, '--listen', this.url.replace('http://', ''), '--data', join(this.folder, 'data')];
    const process = new Process(program('troupe'), [...parameters, '--workspace', this.workspace, ...this.#start.arguments], environment);
    this.#process = process;
    await process.until(() => fetch(`${this.url}/readyz`).then((answer) => (answer.ok ? true : null), () => null));
  }

  /** What the service has logged since it was started last. */
  get log(): string {
    return this.#process?.said ?? '';
  }

  /** Asks the service itself, with the token. */
  async api<T = unknown>(method: string, path: string, body?: unknown): Promise<T> {
    const headers: Record<string, string> = { 'content-type': 'application/json' };
    if (this.#start.token !== null) headers.authorization = `Bearer ${this.#start.token}`;
    const answer = await fetch(this.url + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  }

  async end(): Promise<void> {
    await this.#preview?.close();
    await this.#process?.end('SIGKILL');
    await this.#model?.end();
    await rm(this.folder, { recursive: true, force: true });
  }
}
