// A service of uploads in memory, for tests: it keeps bytes, and can lose answers, be away, or forget an upload.

import type { ChunkToSend, Transport } from './transport';
import type { CompletedUpload, UploadFailure, UploadPlan, UploadRequest, UploadState } from './shapes';
import { UploadError } from './shapes';

interface Kept {
  readonly request: UploadRequest;
  readonly plan: UploadPlan;
  readonly bytes: Map<number, Uint8Array>;
  completed: boolean;
}

export const away: UploadFailure = { code: 'NETWORK', detail: '', passing: true };

/** What it did, in order: `init a.bin`, `send 1`, `complete`. */
export class FakeService implements Transport {
  readonly log: string[] = [];
  readonly files = new Map<string, Uint8Array>();
  readonly uploads = new Map<string, Kept>();
  /** The failures of the next requests of a kind, first come first served. */
  readonly failures: { on: string; failure: UploadFailure; afterwards?: boolean }[] = [];
  chunkSize = 4;
  mostChunks = 5;
  /** Chunks hang until what it gives resolves. */
  gate: (chunk: number) => Promise<void> | undefined = () => undefined;
  sendingNow = 0;
  sendingMost = 0;

  async begin(request: UploadRequest): Promise<UploadPlan> {
    await this.#meet(`init ${request.file_name}`);
    const id = `upload-${this.uploads.size + 1}`;
    const plan = planOf(id, request.file_size, this.chunkSize, this.mostChunks);
    this.uploads.set(id, { request, plan, bytes: new Map(), completed: false });
    return plan;
  }

  async look(uploadId: string): Promise<UploadState | null> {
    await this.#meet(`look ${uploadId}`);
    const kept = this.uploads.get(uploadId);
    return kept === undefined ? null : stateOf(uploadId, kept);
  }

  async send(sent: ChunkToSend, onSent: (bytes: number) => void, signal: AbortSignal): Promise<void> {
    this.sendingNow += 1;
    this.sendingMost = Math.max(this.sendingMost, this.sendingNow);
    try {
      await this.#meet(`send ${sent.chunk.id}`);
      const kept = this.#known(sent.uploadId);
      onSent(Math.ceil(sent.bytes.size / 2));
      await this.gate(sent.chunk.id);
      if (signal.aborted) return;
      kept.bytes.set(sent.chunk.id, new Uint8Array(await sent.bytes.arrayBuffer()));
      this.#loseAnswer(`send ${sent.chunk.id}`);
    } finally {
      this.sendingNow -= 1;
    }
  }

  async complete(uploadId: string): Promise<CompletedUpload> {
    await this.#meet('complete');
    const kept = this.#known(uploadId);
    const parts = kept.plan.chunks.map((chunk) => kept.bytes.get(chunk.parallel_id));
    if (parts.includes(undefined)) throw new UploadError({ code: 'UPLOAD_NOT_READY', detail: '', passing: true });
    kept.completed = true;
    const { file_name, file_size, target_path: path } = kept.request;
    this.files.set(path, Uint8Array.from(parts.flatMap((part) => [...(part ?? [])])));
    this.#loseAnswer('complete');
    return { upload_id: uploadId, file_name, file_size, path };
  }

  async cancel(uploadId: string): Promise<void> {
    await this.#meet('cancel');
    this.#known(uploadId);
    this.uploads.delete(uploadId);
  }

  #known(uploadId: string): Kept {
    const kept = this.uploads.get(uploadId);
    if (kept === undefined) throw new UploadError({ code: 'UPLOAD_NOT_FOUND', detail: '', passing: false });
    return kept;
  }

  async #meet(what: string): Promise<void> {
    await Promise.resolve();
    this.log.push(what);
    const at = this.failures.findIndex((failure) => what.startsWith(failure.on) && failure.afterwards !== true);
    const [found] = at === -1 ? [] : this.failures.splice(at, 1);
    if (found !== undefined) throw new UploadError(found.failure);
  }

  #loseAnswer(what: string): void {
    const at = this.failures.findIndex((failure) => what.startsWith(failure.on) && failure.afterwards === true);
    const [found] = at === -1 ? [] : this.failures.splice(at, 1);
    if (found !== undefined) throw new UploadError(found.failure);
  }
}

function planOf(id: string, size: number, chunkSize: number, mostChunks: number): UploadPlan {
  const count = Math.min(mostChunks, Math.ceil(size / chunkSize));
  const each = count === 0 ? 0 : Math.ceil(size / count);
  const chunks = Array.from({ length: count }, (_, at) => ({
    parallel_id: at,
    offset: at * each,
    size: Math.min(each, size - at * each),
  }));
  return { upload_id: id, parallel_size: chunkSize, parallel_max_threads: mostChunks, chunk_count: count, chunks };
}

function stateOf(id: string, kept: Kept): UploadState {
  const chunks = kept.plan.chunks.map((chunk) => {
    const there = kept.bytes.has(chunk.parallel_id);
    return { ...chunk, status: there ? ('uploaded' as const) : ('pending' as const), received: there ? chunk.size : 0 };
  });
  const { file_name, file_size, target_path } = kept.request;
  const status = kept.completed ? 'completed' : 'uploading';
  return { upload_id: id, file_name, file_size, target_path, status, chunks };
}
