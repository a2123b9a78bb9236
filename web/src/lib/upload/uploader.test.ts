import { beforeEach, describe, expect, test, vi } from 'vitest';

import { FakeService, away } from './fake-service';
import type { FileKeeper } from './file-keeper';
import { BrowserLedger } from './ledger';
import type { Task } from './queue';
import { Uploader } from './uploader';

const noFiles: FileKeeper = { keep: async () => {}, recall: async () => null, drop: async () => {} };

let service: FakeService;
let storage: Storage;
let uploads: Uploader;

function newPage(files: FileKeeper = noFiles): Uploader {
  let made = 0;
  return new Uploader({
    transport: service,
    ledger: new BrowserLedger(storage, undefined),
    files,
    parallel: 32,
    now: Date.now,
    random: () => 0.5,
    makeId: () => `task-${storage.length}-${(made += 1)}`,
  });
}

function memory(): Storage {
  const kept = new Map<string, string>();
  return {
    get length() {
      return kept.size;
    },
    clear: () => kept.clear(),
    getItem: (key) => kept.get(key) ?? null,
    key: (at) => [...kept.keys()][at] ?? null,
    removeItem: (key) => kept.delete(key),
    setItem: (key, value) => kept.set(key, value),
  };
}

function file(name: string, text: string, lastModified = 7): File {
  return new File([text], name, { lastModified });
}

function only(): Task {
  const [task] = uploads.queue;
  if (task === undefined) throw new Error('no task');
  return task;
}

async function until(phase: Task['phase']): Promise<void> {
  await vi.waitFor(() => expect(only().phase).toBe(phase), { timeout: 4000, interval: 2 });
}

function textAt(path: string): string | undefined {
  const bytes = service.files.get(path);
  return bytes && new TextDecoder().decode(bytes);
}

beforeEach(() => {
  service = new FakeService();
  storage = memory();
  uploads = newPage();
});

describe('an upload', () => {
  test('sends all chunks of a file at once and completes it', async () => {
    uploads.add(file('a.txt', 'abcdefghijklmnopq'), 'notes/a.txt');
    await until('completed');
    expect(textAt('notes/a.txt')).toBe('abcdefghijklmnopq');
    expect(service.sendingMost).toBe(5);
    expect(only().path).toBe('notes/a.txt');
  });

  test('of an empty file has no chunks', async () => {
    uploads.add(file('empty', ''), 'empty');
    await until('completed');
    expect(service.log).toEqual(['init empty', 'complete']);
    expect(textAt('empty')).toBe('');
  });

  test('begins when the one before it is over', async () => {
    uploads.add(file('a', 'aaaaaaaa'), 'a');
    uploads.add(file('b', 'bbbbbbbb'), 'b');
    await vi.waitFor(() => expect(uploads.queue.every((task) => task.phase === 'completed')).toBe(true));
    expect(service.log.indexOf('init b')).toBe(service.log.indexOf('complete') + 1);
  });

  test('sends a chunk again whose connection broke', async () => {
    service.failures.push({ on: 'send 1', failure: away });
    uploads.add(file('a', 'abcdefgh'), 'a');
    await until('completed');
    expect(textAt('a')).toBe('abcdefgh');
    expect(service.log.filter((line) => line === 'send 0')).toHaveLength(1);
  });

  test('does not send a chunk again of which only the answer was lost', async () => {
    service.failures.push({ on: 'send 1', failure: away, afterwards: true });
    uploads.add(file('a', 'abcdefgh'), 'a');
    await until('completed');
    expect(service.log.filter((line) => line === 'send 1')).toHaveLength(1);
    expect(service.log).toContain('look upload-1');
  });

  test('is complete also where the answer to that was lost', async () => {
    service.failures.push({ on: 'complete', failure: away, afterwards: true });
    uploads.add(file('a', 'abcdefgh'), 'a');
    await until('completed');
    expect(service.log.filter((line) => line === 'complete')).toHaveLength(1);
  });

  test('sends again what the service lost before it was complete', async () => {
    uploads.add(file('a', 'abcdefgh'), 'a');
    service.failures.push({ on: 'complete', failure: away });
    await vi.waitFor(() => expect(service.log).toContain('complete'));
    service.uploads.get('upload-1')?.bytes.delete(0);
    await until('completed');
    expect(service.log.filter((line) => line === 'send 0')).toHaveLength(2);
    expect(textAt('a')).toBe('abcdefgh');
  });

  test('begins anew where the service forgot it', async () => {
    service.failures.push({ on: 'send 1', failure: { code: 'UPLOAD_NOT_FOUND', detail: '', passing: false } });
    uploads.add(file('a', 'abcdefgh'), 'a');
    await until('completed');
    expect(service.log.filter((line) => line === 'init a')).toHaveLength(2);
    expect(textAt('a')).toBe('abcdefgh');
  });

  test('fails at once for what will not pass, says why, and can be tried again', async () => {
    const failure = { code: 'INVALID_TARGET_PATH', detail: 'the path is absolute', passing: false };
    service.failures.push({ on: 'init', failure });
    uploads.add(file('a', 'abcdefgh'), '/a');
    await until('failed');
    expect(only().failure).toEqual(failure);
    uploads.resume(only().id);
    await until('completed');
  });

  test('does not keep the next file waiting when it fails', async () => {
    service.failures.push({ on: 'init a', failure: { code: 'HTTP_403', detail: '', passing: false } });
    uploads.add(file('a', 'abcdefgh'), 'a');
    uploads.add(file('b', 'abcdefgh'), 'b');
    await vi.waitFor(() => expect(textAt('b')).toBe('abcdefgh'));
    expect(uploads.queue.map((task) => task.phase)).toEqual(['failed', 'completed']);
  });

  test('waits for a service that is away, and goes on at once when the network is back', async () => {
    for (let round = 0; round < 6; round += 1) service.failures.push({ on: 'init', failure: away });
    uploads.add(file('a', 'abcdefgh'), 'a');
    await vi.waitFor(() => expect(only().failures).toBeGreaterThanOrEqual(2), { timeout: 4000 });
    service.failures.length = 0;
    uploads.online();
    await until('completed');
  });
});

describe('a person', () => {
  test('pauses and resumes, and done chunks are not sent again', async () => {
    let open = () => {};
    const gate = new Promise<void>((resolve) => (open = resolve));
    service.gate = (chunk) => (chunk === 1 ? gate : undefined);
    uploads.add(file('a', 'abcdefgh'), 'a');
    await vi.waitFor(() => expect(only().chunks.map((chunk) => chunk.sent)).toEqual([4, 2]));
    uploads.pause(only().id);
    open();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(only().phase).toBe('paused');
    expect(only().chunks.map((chunk) => chunk.sent)).toEqual([4, 0]);
    uploads.resume(only().id);
    await until('completed');
    expect(textAt('a')).toBe('abcdefgh');
    expect(service.log.filter((line) => line === 'send 0')).toHaveLength(1);
  });

  test('cancels, and the service drops what it had', async () => {
    service.gate = () => new Promise(() => {});
    uploads.add(file('a', 'abcdefgh'), 'a');
    await vi.waitFor(() => expect(service.log).toContain('send 0'));
    uploads.cancel(only().id);
    await vi.waitFor(() => expect(service.uploads.size).toBe(0));
    expect(storage.getItem('troupe.uploads')).toBe('[]');
    expect(only().phase).toBe('cancelled');
  });
});

describe('a page after a reload', () => {
  async function interrupted(): Promise<void> {
    service.gate = (chunk) => (chunk === 0 ? new Promise(() => {}) : undefined);
    service.failures.push({ on: 'send 1', failure: { code: 'HTTP_400', detail: '', passing: false } });
    uploads.add(file('a', 'abcdefgh'), 'a');
    await until('failed');
    service.gate = () => undefined;
    service.uploads.get('upload-1')?.bytes.set(0, new TextEncoder().encode('abcd'));
    service.log.length = 0;
    uploads = newPage();
    await uploads.restore();
  }

  test('offers the upload and goes on when the same file is added for the same place', async () => {
    await interrupted();
    expect(only().phase).toBe('file_wanted');
    uploads.add(file('a', 'abcdefgh'), 'a');
    await until('completed');
    expect(uploads.queue).toHaveLength(1);
    expect(service.log).toEqual(['look upload-1', 'send 1', 'complete']);
    expect(textAt('a')).toBe('abcdefgh');
  });

  test('takes no other version of the file', async () => {
    await interrupted();
    expect(uploads.giveFile(only().id, file('a', 'abcdefgh', 8))).toBe(false);
    expect(only().phase).toBe('file_wanted');
    expect(uploads.giveFile(only().id, file('a', 'abcdefgh'))).toBe(true);
    await until('completed');
  });

  test('goes on without a question where the browser kept the file', async () => {
    await interrupted();
    uploads = newPage({ ...noFiles, recall: async () => file('a', 'abcdefgh') });
    await uploads.restore();
    expect(await uploads.recallFile(only().id)).toBe(true);
    await until('completed');
  });

  test('forgets what the service does not know any more', async () => {
    await interrupted();
    service.uploads.clear();
    uploads = newPage();
    await uploads.restore();
    expect(uploads.queue).toEqual([]);
    expect(storage.getItem('troupe.uploads')).toBe('[]');
  });
});
