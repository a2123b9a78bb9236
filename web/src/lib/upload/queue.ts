// The queue of uploads as a pure state machine: `apply` folds what happened, `outstanding` says what should be going
// on now. Files go one after another, the chunks of a file in parallel; nothing here sends, waits or reads a clock.

import { backOff } from './back-off';
import type { UploadFailure, UploadPlan, UploadState } from './shapes';

/** A chunk as the queue sees it. */
export interface Chunk {
  readonly id: number;
  readonly offset: number;
  readonly size: number;
  /** Bytes of it that left, this time; the whole size once it is done. */
  readonly sent: number;
  readonly done: boolean;
  /** Failures since the last success or since a person said «again». */
  readonly failures: number;
  /** When it is to be tried again, in milliseconds; null: now. */
  readonly retryAt: number | null;
}

/**
 * `file_wanted`: the page was loaded anew and has no bytes until the person picks the file again.
 * `cancelled` tasks stay until the service dropped what it had of them.
 */
export type Phase = 'active' | 'paused' | 'file_wanted' | 'failed' | 'completed' | 'cancelled';

/** What makes two files the same one: a browser tells no path. */
export interface FileIdentity {
  readonly name: string;
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly modified: number;
}

/** One file on its way. */
export interface Task {
  readonly id: string;
  readonly file: FileIdentity;
  /** Where it will be, relative to the workspace, its name included. */
  readonly target: string;
  readonly phase: Phase;
  /** The service's id; null until it made a plan. */
  readonly uploadId: string | null;
  readonly chunks: readonly Chunk[];
  /** Failures of the requests that are about the whole file. */
  readonly failures: number;
  readonly retryAt: number | null;
  /** How often the service had forgotten it. */
  readonly restarts: number;
  /** The last failure; stays while it is tried again, so that the person sees why it waits. */
  readonly failure: UploadFailure | null;
  /** Where the service put it. */
  readonly path: string | null;
}

/** All tasks, in the order in which they were added. */
export type Queue = readonly Task[];

/** What can happen to a queue. `task` is a task's id, `now` milliseconds, `random` a number from 0 to 1. */
export type QueueEvent =
  | { readonly type: 'added'; readonly task: string; readonly file: FileIdentity; readonly target: string }
  | { readonly type: 'restored'; readonly task: string; readonly file: FileIdentity; readonly state: UploadState }
  | { readonly type: 'planned'; readonly task: string; readonly plan: UploadPlan }
  | { readonly type: 'sent'; readonly task: string; readonly chunk: number; readonly bytes: number }
  | { readonly type: 'chunk_done'; readonly task: string; readonly chunk: number }
  | {
      readonly type: 'chunk_failed';
      readonly task: string;
      readonly chunk: number;
      readonly failure: UploadFailure;
      readonly now: number;
      readonly random: number;
    }
  | {
      readonly type: 'task_failed';
      readonly task: string;
      readonly failure: UploadFailure;
      readonly now: number;
      readonly random: number;
    }
  | { readonly type: 'waited'; readonly task: string; readonly chunk: number | null }
  | { readonly type: 'seen'; readonly task: string; readonly state: UploadState }
  | { readonly type: 'forgotten'; readonly task: string }
  | { readonly type: 'completed'; readonly task: string; readonly path: string }
  | { readonly type: 'pause' | 'resume' | 'cancel' | 'file_found'; readonly task: string }
  | { readonly type: 'removed'; readonly task: string }
  | { readonly type: 'online' };

/** What should be going on. Two effects with one key are one. */
export type Effect =
  | { readonly kind: 'plan'; readonly key: string; readonly task: Task }
  | { readonly kind: 'send'; readonly key: string; readonly task: Task; readonly chunk: Chunk }
  | {
      readonly kind: 'wait';
      readonly key: string;
      readonly task: Task;
      readonly chunk: number | null;
      readonly until: number;
    }
  | { readonly kind: 'complete'; readonly key: string; readonly task: Task }
  | { readonly kind: 'release'; readonly key: string; readonly task: Task };

/** After so many failures in a row a person decides; with the delays of `backOff` these are about two minutes. */
export const MOST_FAILURES = 12;

/** A service that forgets an upload over and over is not worth a third plan. */
const MOST_RESTARTS = 2;

/** The queue after an event. */
export function apply(queue: Queue, event: QueueEvent): Queue {
  switch (event.type) {
    case 'added':
      return [...queue, newTask(event.task, event.file, event.target)];
    case 'restored':
      return [...queue, restoredTask(event.task, event.file, event.state)];
    case 'removed':
      return queue.filter((task) => task.id !== event.task);
    case 'online':
      return queue.map((task) => (task.failure?.passing === true ? again(task) : task));
    default:
      return queue.map((task) => (task.id === event.task ? applyToTask(task, event) : task));
  }
}

type TaskEvent = Exclude<QueueEvent, { type: 'added' | 'restored' | 'removed' | 'online' }>;

function applyToTask(task: Task, event: TaskEvent): Task {
  switch (event.type) {
    case 'planned':
      return { ...task, uploadId: event.plan.upload_id, chunks: plannedChunks(event.plan), ...unharmed };
    case 'sent':
      return withChunk(task, event.chunk, (chunk) => (chunk.done ? chunk : { ...chunk, sent: event.bytes }));
    case 'chunk_done':
      return { ...withChunk(task, event.chunk, doneChunk), failure: null };
    case 'chunk_failed':
      return chunkFailed(task, event);
    case 'task_failed':
      return taskFailed(task, event);
    case 'waited':
      return event.chunk === null
        ? { ...task, retryAt: null }
        : withChunk(task, event.chunk, (chunk) => ({ ...chunk, retryAt: null }));
    case 'seen':
      return { ...task, chunks: seenChunks(event.state) };
    case 'forgotten':
      return forgotten(task);
    case 'completed':
      return { ...task, phase: 'completed', path: event.path, ...unharmed };
    case 'pause':
      return task.phase === 'active' && !isSent(task) ? { ...rested(task), phase: 'paused' } : task;
    case 'resume':
      return task.phase === 'paused' || task.phase === 'failed' ? again(task) : task;
    case 'file_found':
      return task.phase === 'file_wanted' ? again(task) : task;
    case 'cancel':
      return task.phase === 'completed' ? task : { ...task, phase: 'cancelled', ...unharmed };
  }
}

/**
 * What should be going on: one file at a time, at most `parallel` of its chunks, and what a cancelled upload left at
 * the service is dropped beside it.
 */
export function outstanding(queue: Queue, parallel: number): Effect[] {
  const releases = queue.filter((task) => task.phase === 'cancelled' && task.uploadId !== null).map(release);
  const current = queue.find((task) => task.phase === 'active');
  return current === undefined ? releases : [...releases, ...effectsOf(current, parallel)];
}

function effectsOf(task: Task, parallel: number): Effect[] {
  if (task.retryAt !== null) {
    return [{ kind: 'wait', key: `wait ${task.id} ${task.retryAt}`, task, chunk: null, until: task.retryAt }];
  }
  if (task.uploadId === null) {
    return [{ kind: 'plan', key: `plan ${task.id} ${task.restarts}`, task }];
  }
  const missing = task.chunks.filter((chunk) => !chunk.done);
  if (missing.length === 0) {
    return [{ kind: 'complete', key: `complete ${task.id} ${task.uploadId}`, task }];
  }
  return missing.slice(0, parallel).map((chunk) => effectOfChunk(task, chunk));
}

function effectOfChunk(task: Task, chunk: Chunk): Effect {
  if (chunk.retryAt === null) {
    return { kind: 'send', key: `send ${task.id} ${task.uploadId} ${chunk.id} ${chunk.failures}`, task, chunk };
  }
  const key = `wait ${task.id} ${chunk.id} ${chunk.retryAt}`;
  return { kind: 'wait', key, task, chunk: chunk.id, until: chunk.retryAt };
}

function release(task: Task): Effect {
  return { kind: 'release', key: `release ${task.id} ${task.uploadId}`, task };
}

const unharmed = { failures: 0, retryAt: null, failure: null } as const;

function newTask(id: string, file: FileIdentity, target: string): Task {
  const blank = { phase: 'active', uploadId: null, chunks: [], restarts: 0, path: null, ...unharmed } as const;
  return { id, file, target, ...blank };
}

function restoredTask(id: string, file: FileIdentity, state: UploadState): Task {
  const task = newTask(id, file, state.target_path);
  return { ...task, phase: 'file_wanted', uploadId: state.upload_id, chunks: seenChunks(state) };
}

function seenChunks(state: UploadState): Chunk[] {
  return state.chunks.map((chunk) => {
    const fresh = newChunk(chunk.parallel_id, chunk.offset, chunk.size);
    return chunk.status === 'uploaded' ? doneChunk(fresh) : fresh;
  });
}

function newChunk(id: number, offset: number, size: number): Chunk {
  return { id, offset, size, sent: 0, done: false, failures: 0, retryAt: null };
}

function plannedChunks(plan: UploadPlan): Chunk[] {
  return plan.chunks.map((chunk) => newChunk(chunk.parallel_id, chunk.offset, chunk.size));
}

function doneChunk(chunk: Chunk): Chunk {
  return { ...chunk, done: true, sent: chunk.size, failures: 0, retryAt: null };
}

function withChunk(task: Task, id: number, change: (chunk: Chunk) => Chunk): Task {
  return { ...task, chunks: task.chunks.map((chunk) => (chunk.id === id ? change(chunk) : chunk)) };
}

type Failed = { readonly failure: UploadFailure; readonly now: number; readonly random: number };

function chunkFailed(task: Task, event: Failed & { readonly chunk: number }): Task {
  const failed = withChunk({ ...task, failure: event.failure }, event.chunk, (chunk) => ({
    ...chunk,
    sent: 0,
    failures: chunk.failures + 1,
    retryAt: event.now + backOff(chunk.failures + 1, event.random),
  }));
  const worst = Math.max(...failed.chunks.map((chunk) => chunk.failures));
  return event.failure.passing && worst < MOST_FAILURES ? failed : { ...rested(failed), phase: 'failed' };
}

function taskFailed(task: Task, event: Failed): Task {
  const failures = task.failures + 1;
  const failed = { ...task, failure: event.failure, failures };
  // The person has given it up: that the service cannot be told keeps nobody waiting.
  if (task.phase === 'cancelled') return { ...failed, uploadId: null };
  return event.failure.passing && failures < MOST_FAILURES
    ? { ...failed, retryAt: event.now + backOff(failures, event.random) }
    : { ...failed, phase: 'failed' };
}

/** The service knows it no more: its bytes are gone, and it begins anew. */
function forgotten(task: Task): Task {
  const blank = { ...task, uploadId: null, chunks: [], restarts: task.restarts + 1 };
  if (task.phase === 'cancelled' || task.restarts < MOST_RESTARTS) return blank;
  return { ...blank, phase: 'failed', failure: { code: 'UPLOAD_NOT_FOUND', detail: '', passing: false } };
}

/** All its bytes are there: what remains is one short request, which is better not broken off. */
function isSent(task: Task): boolean {
  return task.uploadId !== null && task.chunks.every((chunk) => chunk.done);
}

/** Nothing of it is under way: chunks that are not done begin again from their first byte. */
function rested(task: Task): Task {
  const chunks = task.chunks.map((chunk) => (chunk.done ? chunk : { ...chunk, sent: 0, failures: 0, retryAt: null }));
  return { ...task, chunks, failures: 0, retryAt: null };
}

/** At it again, at once. */
function again(task: Task): Task {
  if (task.phase !== 'active' && task.phase !== 'paused' && task.phase !== 'failed' && task.phase !== 'file_wanted') {
    return task;
  }
  if (task.phase !== 'active') return { ...rested(task), phase: 'active', restarts: 0, failure: null };
  return { ...task, retryAt: null, chunks: task.chunks.map((chunk) => ({ ...chunk, retryAt: null })) };
}
