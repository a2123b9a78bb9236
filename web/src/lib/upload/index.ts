// Uploads of this page: one uploader, made when it is first needed, and `uploadFile` for whoever wants one file sent.

import { authorizedFetch, currentCredentials } from '$lib/api/connection';

import { BrowserFileKeeper } from './file-keeper';
import { BrowserLedger } from './ledger';
import { shareOf } from './progress';
import type { Task } from './queue';
import type { UploadFailure } from './shapes';
import { UploadError } from './shapes';
import { HttpTransport } from './transport';
import { Uploader } from './uploader';

/**
 * The chunks of a file go at once, as many as the connection has room for. A browser opens six connections to an
 * HTTP/1.1 host, for all tabs together, and a seventh request waits until one is free, which a stream's never is. So
 * three carry chunks; one is the feed of conversations, one an answer that streams, and one is left for what the person
 * clicks. More would not be faster: three fill the wire. Over HTTP/2 requests share one connection and none waits.
 */
const CHUNKS_OVER_HTTP_1 = 3;
const CHUNKS_OVER_HTTP_2 = 32;

let made: Uploader | undefined;

/** The page's uploader. */
export function uploader(): Uploader {
  made ??= makeUploader();
  return made;
}

/** Where an upload stands, for whoever shows it. */
export interface UploadProgress {
  readonly task: string;
  /** From 0 to 1. */
  readonly share: number;
  /** Why it waits to be sent again; null while all is well. */
  readonly waiting: UploadFailure | null;
}

/** What came of a file. */
export interface UploadedFile {
  /** Where it is, as the service says it: what `<file>` takes. */
  readonly path: string;
  readonly name: string;
  readonly size: number;
}

/**
 * Sends a file to `targetPath`, relative to the workspace and its name included. Failures that pass are sent again with
 * a delay; any other rejects with an `UploadError`. Aborting `signal` cancels it and drops what the service had.
 */
export function uploadFile(
  file: File,
  targetPath: string,
  onProgress: (progress: UploadProgress) => void = () => {},
  signal?: AbortSignal,
): Promise<UploadedFile> {
  const all = uploader();
  const id = all.add(file, targetPath);
  signal?.addEventListener('abort', () => all.cancel(id), { once: true });
  return new Promise((resolve, reject) => {
    const hear = () => {
      const task = all.queue.find((other) => other.id === id);
      if (task?.phase === 'active') onProgress({ task: id, share: shareOf(task), waiting: task.failure });
      const over = outcomeOf(task);
      if (over === null) return;
      unsubscribe();
      if (task !== undefined && task.phase !== 'completed') all.cancel(id);
      if (over instanceof Error) reject(over);
      else resolve(over);
    };
    const unsubscribe = all.subscribe(hear);
    hear();
  });
}

function outcomeOf(task: Task | undefined): UploadedFile | UploadError | null {
  switch (task?.phase) {
    case 'completed':
      return { path: task.path ?? task.target, name: task.file.name, size: task.file.size };
    case 'failed':
      return new UploadError(task.failure ?? { code: 'BROWSER', detail: '', passing: false });
    case undefined:
    case 'cancelled':
      return new UploadError({ code: 'UPLOAD_CANCELLED', detail: '', passing: false });
    default:
      return null;
  }
}

function makeUploader(): Uploader {
  const all = new Uploader({
    transport: new HttpTransport(authorizedFetch, currentCredentials()),
    ledger: new BrowserLedger(localStorage, navigator.locks),
    files: new BrowserFileKeeper(),
    parallel: speaksHttp1() ? CHUNKS_OVER_HTTP_1 : CHUNKS_OVER_HTTP_2,
    now: Date.now,
    random: Math.random,
    makeId: newId,
  });
  addEventListener('online', () => all.online());
  return all;
}

/** `crypto.randomUUID` is missing where a page came over plain HTTP from another machine. */
function newId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function speaksHttp1(): boolean {
  const [navigation] = performance.getEntriesByType('navigation');
  return navigation instanceof PerformanceNavigationTiming && navigation.nextHopProtocol.startsWith('http/1');
}
