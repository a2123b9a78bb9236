// How far an upload is: bytes, share, speed and the time that is left.

import type { Queue, Task } from './queue';

/** Bytes of a file that the service has or that are on their way. */
export function sentBytes(task: Task): number {
  return task.phase === 'completed' ? task.file.size : task.chunks.reduce((sum, chunk) => sum + chunk.sent, 0);
}

/** From 0 to 1; an empty file is whole when it is complete. */
export function shareOf(task: Task): number {
  if (task.phase === 'completed') return 1;
  return task.file.size === 0 ? 0 : sentBytes(task) / task.file.size;
}

/** The queue's files that are neither complete nor given up. */
export function unfinished(queue: Queue): Task[] {
  return queue.filter((task) => task.phase !== 'completed' && task.phase !== 'cancelled');
}

/** A moment of an upload. */
export interface Sample {
  /** Milliseconds. */
  readonly at: number;
  readonly bytes: number;
}

/** Speed is told of the last seconds: an average since the start hides that a line has become slow. */
const WINDOW = 5_000;

/** The samples with a new one, without those that are too old to matter. */
export function withSample(samples: readonly Sample[], sample: Sample): Sample[] {
  return [...samples.filter((old) => sample.at - old.at <= WINDOW && old.bytes <= sample.bytes), sample];
}

/** Bytes per second; null until there are two moments to compare. */
export function speedOf(samples: readonly Sample[]): number | null {
  const [first, last] = [samples.at(0), samples.at(-1)];
  if (first === undefined || last === undefined || last.at - first.at < 250) return null;
  return ((last.bytes - first.bytes) * 1000) / (last.at - first.at);
}

/** Seconds that are left at this speed; null where that cannot be said. */
export function secondsLeft(task: Task, speed: number | null): number | null {
  return speed === null || speed <= 0 ? null : Math.ceil((task.file.size - sentBytes(task)) / speed);
}
