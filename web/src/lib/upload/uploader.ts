// Performs what the queue says is outstanding: starts what is missing, aborts what is not wanted any more, and tells
// the queue what became of it.

import type { FileKeeper } from './file-keeper';
import type { Ledger } from './ledger';
import { apply, outstanding } from './queue';
import type { Effect, FileIdentity, Queue, QueueEvent, Task } from './queue';
import type { UploadFailure } from './shapes';
import { UploadError } from './shapes';
import type { Transport } from './transport';

/** What an uploader needs of its surroundings; tests give others. */
export interface Surroundings {
  readonly transport: Transport;
  readonly ledger: Ledger;
  readonly files: FileKeeper;
  /** At most so many chunks at once. */
  readonly parallel: number;
  readonly now: () => number;
  readonly random: () => number;
  readonly makeId: () => string;
}

type Listener = (queue: Queue) => void;

/** The one place that knows the bytes of files and sends them. */
export class Uploader {
  readonly #surroundings: Surroundings;
  readonly #files = new Map<string, Blob>();
  readonly #running = new Map<string, AbortController>();
  readonly #listeners = new Set<Listener>();
  #queue: Queue = [];

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  get queue(): Queue {
    return this.#queue;
  }

  /** Hears of every change, until the returned function is called. */
  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Sends a file to `target`, relative to the workspace; where the same file waits to be picked again for the same
   * place, that upload goes on. Answers with the task's id.
   */
  add(file: File, target: string, handle?: FileSystemFileHandle): string {
    const identity = identityOf(file);
    const waiting = this.#queue.find(
      (task) => task.phase === 'file_wanted' && task.target === target && sameFile(task.file, identity),
    );
    const id = waiting?.id ?? this.#surroundings.makeId();
    this.#files.set(id, file);
    if (handle !== undefined) void this.#surroundings.files.keep(id, handle);
    this.#tell(
      waiting === undefined ? { type: 'added', task: id, file: identity, target } : { type: 'file_found', task: id },
    );
    return id;
  }

  /** Gives a task its file again; false where it is another one, or another version of it. */
  giveFile(id: string, file: File): boolean {
    const task = this.#queue.find((other) => other.id === id);
    if (task === undefined || !sameFile(task.file, identityOf(file))) return false;
    this.#files.set(id, file);
    this.#tell({ type: 'file_found', task: id });
    return true;
  }

  /** Takes a task's file from where the browser kept it; false where the person has to pick it. */
  async recallFile(id: string): Promise<boolean> {
    const file = await this.#surroundings.files.recall(id);
    return file !== null && this.giveFile(id, file);
  }

  pause(id: string): void {
    this.#tell({ type: 'pause', task: id });
  }

  resume(id: string): void {
    this.#tell({ type: 'resume', task: id });
  }

  cancel(id: string): void {
    this.#tell({ type: 'cancel', task: id });
  }

  /** Takes a task that is over out of the list. */
  dismiss(id: string): void {
    this.#tell({ type: 'removed', task: id });
  }

  /** The network is back: nobody needs to wait for the end of a delay. */
  online(): void {
    this.#tell({ type: 'online' });
  }

  /** Brings back what a page before this one had not finished, if the service still knows it. */
  async restore(): Promise<void> {
    const { ledger, transport } = this.#surroundings;
    for (const entry of await ledger.abandoned()) {
      if (this.#queue.some((task) => task.uploadId === entry.uploadId)) continue;
      try {
        const state = await transport.look(entry.uploadId, new AbortController().signal);
        if (state === null || state.status === 'completed' || state.status === 'cancelled')
          this.#forget(entry.task, entry.uploadId);
        else this.#tell({ type: 'restored', task: entry.task, file: entry.file, state });
      } catch {
        // It stays in the ledger: the service is not there, and the next page asks again.
      }
    }
  }

  #tell(event: QueueEvent): void {
    this.#queue = apply(this.#queue, event);
    this.#remember();
    this.#settle();
    for (const listener of this.#listeners) listener(this.#queue);
  }

  #remember(): void {
    for (const task of this.#queue) {
      if (task.uploadId === null) continue;
      if (task.phase === 'completed' || task.phase === 'cancelled') this.#forget(task.id, task.uploadId);
      else this.#surroundings.ledger.remember({ task: task.id, uploadId: task.uploadId, file: task.file });
    }
    // A task that is over keeps no bytes: a file that was read into memory would stay there.
    for (const id of this.#files.keys()) {
      const task = this.#queue.find((other) => other.id === id);
      if (task === undefined || task.phase === 'completed' || task.phase === 'cancelled') this.#files.delete(id);
    }
  }

  #forget(task: string, uploadId: string): void {
    this.#surroundings.ledger.forget(uploadId);
    void this.#surroundings.files.drop(task);
  }

  #settle(): void {
    const wanted = outstanding(this.#queue, this.#surroundings.parallel);
    const keys = new Set(wanted.map((effect) => effect.key));
    for (const [key, controller] of this.#running) {
      if (keys.has(key)) continue;
      this.#running.delete(key);
      controller.abort();
    }
    for (const effect of wanted) {
      if (this.#running.has(effect.key)) continue;
      const controller = new AbortController();
      this.#running.set(effect.key, controller);
      void this.#perform(effect, controller.signal);
    }
  }

  async #perform(effect: Effect, signal: AbortSignal): Promise<void> {
    let event: QueueEvent;
    try {
      event = await this.#eventOf(effect, signal);
    } catch (error) {
      event = this.#eventOfFailure(effect, failureOf(error));
    }
    // What was aborted is not heard: the queue has moved on.
    if (signal.aborted) return;
    this.#running.delete(effect.key);
    this.#tell(event);
  }

  async #eventOf(effect: Effect, signal: AbortSignal): Promise<QueueEvent> {
    const { transport } = this.#surroundings;
    const { task } = effect;
    switch (effect.kind) {
      case 'plan':
        return { type: 'planned', task: task.id, plan: await transport.begin(requestOf(task), signal) };
      case 'send':
        return this.#send(effect, signal);
      case 'wait':
        await pass(effect.until - this.#surroundings.now(), signal);
        return { type: 'waited', task: task.id, chunk: effect.chunk };
      case 'complete':
        return this.#complete(task, signal);
      case 'release':
        await transport.cancel(task.uploadId ?? '', signal);
        return { type: 'forgotten', task: task.id };
    }
  }

  async #send(effect: Extract<Effect, { kind: 'send' }>, signal: AbortSignal): Promise<QueueEvent> {
    const { task, chunk } = effect;
    const uploadId = task.uploadId ?? '';
    const done: QueueEvent = { type: 'chunk_done', task: task.id, chunk: chunk.id };
    // After a failure the service may have all of it: only its answer was lost.
    if (chunk.failures > 0 && (await this.#isThere(uploadId, chunk.id, signal))) return done;
    const file = this.#files.get(task.id);
    if (file === undefined) throw new UploadError({ code: 'FILE_MISSING', detail: '', passing: false });
    const bytes = file.slice(chunk.offset, chunk.offset + chunk.size);
    const heard = (sent: number) => {
      if (!signal.aborted) this.#tell({ type: 'sent', task: task.id, chunk: chunk.id, bytes: sent });
    };
    await this.#surroundings.transport.send({ uploadId, chunk, fileSize: task.file.size, bytes }, heard, signal);
    return done;
  }

  async #complete(task: Task, signal: AbortSignal): Promise<QueueEvent> {
    const { transport } = this.#surroundings;
    const uploadId = task.uploadId ?? '';
    // After a failure it may be complete, and only the answer was lost; or a chunk that was there is there no more.
    const state = task.failures > 0 ? await transport.look(uploadId, signal) : null;
    if (state?.status === 'completed') return { type: 'completed', task: task.id, path: state.target_path };
    if (state?.chunks.some((chunk) => chunk.status === 'pending')) return { type: 'seen', task: task.id, state };
    return { type: 'completed', task: task.id, path: (await transport.complete(uploadId, signal)).path };
  }

  async #isThere(uploadId: string, chunk: number, signal: AbortSignal): Promise<boolean> {
    const state = await this.#surroundings.transport.look(uploadId, signal);
    if (state === null) throw new UploadError({ code: 'UPLOAD_NOT_FOUND', detail: '', passing: false });
    return state.chunks.some((there) => there.parallel_id === chunk && there.status === 'uploaded');
  }

  #eventOfFailure(effect: Effect, failure: UploadFailure): QueueEvent {
    const task = effect.task.id;
    if (failure.code === 'UPLOAD_NOT_FOUND') return { type: 'forgotten', task };
    const when = { failure, now: this.#surroundings.now(), random: this.#surroundings.random() };
    return effect.kind === 'send'
      ? { type: 'chunk_failed', task, chunk: effect.chunk.id, ...when }
      : { type: 'task_failed', task, ...when };
  }
}

/** What a browser tells of a file. */
export function identityOf(file: File): FileIdentity {
  return { name: file.name, size: file.size, modified: file.lastModified };
}

/** Whether two files are one: bytes of two versions must never be mixed. */
export function sameFile(one: FileIdentity, other: FileIdentity): boolean {
  return one.name === other.name && one.size === other.size && one.modified === other.modified;
}

function requestOf(task: Task) {
  const { name, size } = task.file;
  return { workspace_id: 'default', file_name: name, file_size: size, target_path: task.target };
}

function failureOf(error: unknown): UploadFailure {
  if (error instanceof UploadError) return error.failure;
  return { code: 'BROWSER', detail: error instanceof Error ? error.message : String(error), passing: false };
}

function pass(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, Math.max(0, milliseconds));
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
