import { describe, expect, test } from 'vitest';

import { backOff } from './back-off';
import { secondsLeft, sentBytes, shareOf, speedOf, unfinished, withSample } from './progress';
import type { Queue, QueueEvent } from './queue';
import { MOST_FAILURES, apply, outstanding } from './queue';
import type { UploadFailure } from './shapes';

const away: UploadFailure = { code: 'NETWORK', detail: '', passing: true };
const file = { name: 'film.mp4', size: 10, modified: 1 };

function after(...events: QueueEvent[]): Queue {
  return events.reduce(apply, []);
}

const added: QueueEvent = { type: 'added', task: 't', file, target: 'film.mp4' };
const planned: QueueEvent = {
  type: 'planned',
  task: 't',
  plan: {
    upload_id: 'u',
    parallel_size: 4,
    parallel_max_threads: 5,
    chunk_count: 3,
    chunks: [
      { parallel_id: 0, offset: 0, size: 4 },
      { parallel_id: 1, offset: 4, size: 4 },
      { parallel_id: 2, offset: 8, size: 2 },
    ],
  },
};

const done = (chunk: number): QueueEvent => ({ type: 'chunk_done', task: 't', chunk });
const broke = (chunk: number, now = 1000): QueueEvent => ({
  type: 'chunk_failed',
  task: 't',
  chunk,
  failure: away,
  now,
  random: 0.5,
});

function keys(queue: Queue, parallel = 32): string[] {
  return outstanding(queue, parallel).map((effect) => effect.key);
}

describe('what is outstanding', () => {
  test('is a plan first, then every chunk that is missing, then the completion', () => {
    expect(keys(after(added))).toEqual(['plan t 0']);
    expect(keys(after(added, planned))).toEqual(['send t u 0 0', 'send t u 1 0', 'send t u 2 0']);
    expect(keys(after(added, planned, done(1)))).toEqual(['send t u 0 0', 'send t u 2 0']);
    expect(keys(after(added, planned, done(0), done(1), done(2)))).toEqual(['complete t u']);
  });

  test('is no more than the connections allow', () => {
    expect(keys(after(added, planned), 2)).toEqual(['send t u 0 0', 'send t u 1 0']);
  });

  test('is a rest for a chunk that broke, while the others go on', () => {
    const queue = after(added, planned, broke(1));
    expect(keys(queue)).toEqual(['send t u 0 0', 'wait t 1 1500', 'send t u 2 0']);
    expect(keys(apply(queue, { type: 'waited', task: 't', chunk: 1 }))).toContain('send t u 1 1');
  });

  test('is nothing while it is paused', () => {
    expect(keys(after(added, planned, { type: 'pause', task: 't' }))).toEqual([]);
  });

  test('is the next file once the first is paused, failed or over', () => {
    const second: QueueEvent = { type: 'added', task: 's', file, target: 'other.mp4' };
    expect(keys(after(added, second))).toEqual(['plan t 0']);
    expect(keys(after(added, second, { type: 'pause', task: 't' }))).toEqual(['plan s 0']);
  });

  test('drops a cancelled upload beside the file that is sent', () => {
    const second: QueueEvent = { type: 'added', task: 's', file, target: 'other.mp4' };
    expect(keys(after(added, second, planned, { type: 'cancel', task: 't' }))).toEqual(['release t u', 'plan s 0']);
  });
});

describe('a queue', () => {
  test('keeps the completion from being paused: all bytes are there', () => {
    const [task] = after(added, planned, done(0), done(1), done(2), { type: 'pause', task: 't' });
    expect(task?.phase).toBe('active');
  });

  test('gives up a chunk after so many failures and says the last one', () => {
    const events = Array.from({ length: MOST_FAILURES }, () => broke(0));
    const [task] = after(added, planned, ...events);
    expect(task?.phase).toBe('failed');
    expect(task?.failure).toEqual(away);
  });

  test('goes on with what failed for want of a network when that is back', () => {
    const events = Array.from({ length: MOST_FAILURES }, () => broke(0));
    const [task] = after(added, planned, ...events, { type: 'online' });
    expect(task?.phase).toBe('active');
    expect(task?.chunks[0]?.failures).toBe(0);
  });

  test('gives up a service that forgets the upload over and over', () => {
    const forgotten: QueueEvent = { type: 'forgotten', task: 't' };
    const [task] = after(added, planned, forgotten, planned, forgotten, planned, forgotten);
    expect(task?.phase).toBe('failed');
    expect(task?.failure?.code).toBe('UPLOAD_NOT_FOUND');
  });

  test('is not kept waiting by a cancellation that the service does not hear', () => {
    const cancel: QueueEvent = { type: 'cancel', task: 't' };
    const failed: QueueEvent = { type: 'task_failed', task: 't', failure: away, now: 0, random: 0 };
    expect(keys(after(added, planned, cancel, failed))).toEqual([]);
  });

  test('waits for the file of an upload that another page began', () => {
    const state = {
      upload_id: 'u',
      file_name: 'film.mp4',
      file_size: 10,
      target_path: 'film.mp4',
      status: 'uploading',
      chunks: [
        { parallel_id: 0, offset: 0, size: 5, status: 'uploaded' as const, received: 5 },
        { parallel_id: 1, offset: 5, size: 5, status: 'uploading' as const, received: 3 },
      ],
    };
    const queue = after({ type: 'restored', task: 't', file, state });
    expect(keys(queue)).toEqual([]);
    expect(queue.map(shareOf)).toEqual([0.5]);
    expect(keys(apply(queue, { type: 'file_found', task: 't' }))).toEqual(['send t u 1 0']);
  });
});

describe('progress', () => {
  test('counts done chunks whole and others as far as they left', () => {
    const queue = after(added, planned, done(0), { type: 'sent', task: 't', chunk: 2, bytes: 1 });
    expect(queue.map(sentBytes)).toEqual([5]);
    expect(queue.map(shareOf)).toEqual([0.5]);
    expect(unfinished(queue)).toHaveLength(1);
  });

  test('tells speed and the time that is left of the last seconds only', () => {
    const samples = [0, 1000, 2000, 9000, 10_000].reduce(
      (all, at) => withSample(all, { at, bytes: at / 1000 }),
      [] as readonly { at: number; bytes: number }[],
    );
    expect(samples.map((sample) => sample.at)).toEqual([9000, 10_000]);
    const speed = speedOf(samples);
    expect(speed).toBe(1);
    const [task] = after(added, planned, done(0));
    expect(task && secondsLeft(task, speed)).toBe(6);
  });

  test('says nothing about speed before it knows', () => {
    expect(speedOf([{ at: 0, bytes: 0 }])).toBeNull();
    const [task] = after(added);
    expect(task && secondsLeft(task, null)).toBeNull();
  });
});

test('a rest grows to a quarter of a minute and is spread by a quarter', () => {
  expect([1, 2, 3, 9].map((failures) => backOff(failures, 0.5))).toEqual([500, 1000, 2000, 15_000]);
  expect([backOff(1, 0), backOff(1, 1)]).toEqual([375, 625]);
});
