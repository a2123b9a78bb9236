// The upload routes over HTTP: XMLHttpRequest for chunks, because fetch does not tell how much has left; fetch for the
// rest. Every failure becomes an `UploadError`.

import type { Credentials } from '$lib/api/connection';

import type { Chunk } from './queue';
import type { CompletedUpload, UploadFailure, UploadPlan, UploadRequest, UploadState } from './shapes';
import { UploadError } from './shapes';

/** A chunk with its bytes. */
export interface ChunkToSend {
  readonly uploadId: string;
  readonly chunk: Pick<Chunk, 'id' | 'offset' | 'size'>;
  readonly fileSize: number;
  readonly bytes: Blob;
}

/** What an uploader asks of the service. */
export interface Transport {
  begin(request: UploadRequest, signal: AbortSignal): Promise<UploadPlan>;
  /** Null where the service does not know the upload. */
  look(uploadId: string, signal: AbortSignal): Promise<UploadState | null>;
  send(chunk: ChunkToSend, onSent: (bytes: number) => void, signal: AbortSignal): Promise<void>;
  complete(uploadId: string, signal: AbortSignal): Promise<CompletedUpload>;
  cancel(uploadId: string, signal: AbortSignal): Promise<void>;
}

const ROUTE = '/v1/workspace/upload';

type Ask = (path: string, init: RequestInit) => Promise<Response>;

/** The transport of the running service. `ask` is a fetch that signs in by itself; chunks are signed here. */
export class HttpTransport implements Transport {
  readonly #ask: Ask;
  readonly #credentials: Credentials;

  constructor(ask: Ask, credentials: Credentials) {
    this.#ask = ask;
    this.#credentials = credentials;
  }

  begin(request: UploadRequest, signal: AbortSignal): Promise<UploadPlan> {
    const headers = { 'content-type': 'application/json' };
    return this.#answer(`${ROUTE}/init`, { method: 'POST', body: JSON.stringify(request), headers, signal });
  }

  async look(uploadId: string, signal: AbortSignal): Promise<UploadState | null> {
    try {
      return await this.#answer(pathOf(uploadId), { signal });
    } catch (error) {
      if (error instanceof UploadError && error.failure.code === 'UPLOAD_NOT_FOUND') return null;
      throw error;
    }
  }

  complete(uploadId: string, signal: AbortSignal): Promise<CompletedUpload> {
    return this.#answer(`${pathOf(uploadId)}/complete`, { method: 'POST', signal });
  }

  async cancel(uploadId: string, signal: AbortSignal): Promise<void> {
    await this.#answer(pathOf(uploadId), { method: 'DELETE', signal });
  }

  async send(sent: ChunkToSend, onSent: (bytes: number) => void, signal: AbortSignal): Promise<void> {
    for (;;) {
      const token = this.#credentials.token();
      const { status, body } = await put(sent, token, onSent, signal);
      if (status >= 200 && status < 300) return;
      if (status !== 401 || !(await this.#credentials.renew(token))) throw new UploadError(failureOf(status, body));
    }
  }

  async #answer<T>(path: string, init: RequestInit): Promise<T> {
    let response: Response;
    let body: string;
    try {
      response = await this.#ask(path, init);
      body = await response.text();
    } catch {
      throw new UploadError(nobodyAnswered);
    }
    if (!response.ok) throw new UploadError(failureOf(response.status, body));
    return JSON.parse(body) as T;
  }
}

interface Put {
  readonly status: number;
  readonly body: string;
}

/** One PUT. When it is aborted its promise stays open: nobody hears it, and it is collected. */
function put(
  { chunk, uploadId, fileSize, bytes }: ChunkToSend,
  token: string | null,
  onSent: (bytes: number) => void,
  signal: AbortSignal,
): Promise<Put> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return;
    const request = new XMLHttpRequest();
    request.open('PUT', `${pathOf(uploadId)}/chunk/${chunk.id}`);
    if (token !== null) request.setRequestHeader('authorization', `Bearer ${token}`);
    request.setRequestHeader('content-type', 'application/octet-stream');
    request.setRequestHeader('x-upload-offset', String(chunk.offset));
    request.setRequestHeader('x-upload-size', String(chunk.size));
    request.setRequestHeader('x-file-size', String(fileSize));
    request.upload.onprogress = (event) => onSent(event.loaded);
    request.onload = () => resolve({ status: request.status, body: request.responseText });
    request.onerror = () => reject(new UploadError(nobodyAnswered));
    signal.addEventListener('abort', () => request.abort());
    request.send(bytes);
  });
}

const nobodyAnswered: UploadFailure = { code: 'NETWORK', detail: '', passing: true };

/** Statuses that say «later»: a request that timed out, too many of them, and a gateway whose service is away. */
const PASSING = new Set([408, 425, 429, 500, 502, 503, 504]);

/** What a gateway answers while the service behind it is away. */
const AWAY = new Set([502, 503, 504]);

/** The service's errors begin with a code: `CHUNK_SIZE_MISMATCH: …`. */
export function failureOf(status: number, body: string): UploadFailure {
  const sentence = sentenceOf(body);
  const code = /^([A-Z][A-Z0-9_]+)(?::\s*|$)/.exec(sentence);
  const detail = code === null ? sentence : sentence.slice(code[0].length);
  // A gateway's 404 has no code: only the service's own word means that an upload is gone.
  const name = code?.[1] ?? (AWAY.has(status) ? 'NETWORK' : `HTTP_${status}`);
  // «Not ready»: another request still writes what is to be completed.
  return { code: name, detail, passing: PASSING.has(status) || name === 'UPLOAD_NOT_READY' };
}

function sentenceOf(body: string): string {
  try {
    const problem: unknown = JSON.parse(body);
    if (typeof problem === 'object' && problem !== null && 'error' in problem && typeof problem.error === 'string') {
      return problem.error;
    }
  } catch {
    // A gateway's page says nothing that a person could use.
  }
  return '';
}

function pathOf(uploadId: string): string {
  return `${ROUTE}/${encodeURIComponent(uploadId)}`;
}
