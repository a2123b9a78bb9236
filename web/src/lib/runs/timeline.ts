// A run as rows in time: its model calls, tools and sub-agents, each with where it begins and how long it takes.
import type { AgentRun, CallPart, NoticePart, Round } from '$lib/stream/conversation';

interface Row {
  /** Stable while the run goes on, for keyed lists and for what is unfolded. */
  readonly key: string;
  /** 0 for the root's rows, more for a sub-agent's. */
  readonly depth: number;
  /** Milliseconds since 1970; null where nobody knows yet. */
  readonly start: number | null;
  /** Null while it goes on. */
  readonly end: number | null;
}

/** A call of a model. */
export interface ModelRow extends Row {
  readonly kind: 'model';
  readonly agent: string;
  readonly round: Round;
  readonly thinking: string;
  readonly text: string;
  /** The names of what it calls. */
  readonly calls: readonly string[];
  readonly running: boolean;
  /** No whole message came of it. */
  readonly failed: boolean;
}

/** A call of a tool or of a sub-agent, whose own rows follow. */
export interface CallRow extends Row {
  readonly kind: 'tool' | 'delegate';
  readonly call: CallPart;
  /** How many rows are within it, folded or not. */
  readonly within: number;
}

/** Something that happened in between. */
export interface NoticeRow extends Row {
  readonly kind: 'notice';
  readonly notice: NoticePart['notice'];
}

export type TimelineRow = ModelRow | CallRow | NoticeRow;

/** The rows of a run in the order in which they began; those within a folded sub-agent are left out. */
export function timelineOf(run: AgentRun, folded: ReadonlySet<string> = new Set()): TimelineRow[] {
  return rowsOf(run, run.depth, '', folded);
}

function rowsOf(run: AgentRun, base: number, prefix: string, folded: ReadonlySet<string>): TimelineRow[] {
  const rows: TimelineRow[] = [];
  const depth = run.depth - base;
  for (const step of stepsOf(run)) {
    const round = run.rounds.findLast((candidate) => candidate.step === step);
    if (round) rows.push(modelRow(run, round, depth, `${prefix}model:${step}`));
    for (const part of run.parts) {
      if (part.step !== step) continue;
      if (part.kind === 'call') rows.push(...callRows(part, depth, base, prefix, folded));
      if (part.kind === 'notice') rows.push(noticeRow(part, depth, `${prefix}${part.key}`));
    }
  }
  return rows;
}

function stepsOf(run: AgentRun): number[] {
  const steps = new Set([...run.rounds.map((round) => round.step), ...run.parts.map((part) => part.step)]);
  return [...steps].sort((one, other) => one - other);
}

function modelRow(run: AgentRun, round: Round, depth: number, key: string): ModelRow {
  const parts = run.parts.filter((part) => part.step === round.step);
  const texts = parts.filter((part) => part.kind === 'text');
  const start = instant(round.startedAt);
  const whole = round.finishReason !== undefined;
  // An attempt that failed for good ends with its run.
  const end = instant(round.finishedAt) ?? plus(start, round.durationMs) ?? instant(run.finishedAt);
  return {
    kind: 'model',
    key,
    depth,
    agent: run.agent,
    round,
    start,
    end,
    thinking: parts.map((part) => (part.kind === 'thinking' ? part.text : '')).join(''),
    text: texts.map((part) => part.text).join(''),
    calls: parts.flatMap((part) => (part.kind === 'call' ? part.name : [])),
    running: end === null,
    failed: (!whole && end !== null) || texts.some((part) => part.partial === true),
  };
}

function callRows(
  call: CallPart,
  depth: number,
  base: number,
  prefix: string,
  folded: ReadonlySet<string>,
): TimelineRow[] {
  const key = `${prefix}${call.key}`;
  const within = call.child ? rowsOf(call.child, base, `${key}/`, folded) : [];
  const start = instant(call.startedAt) ?? instant(call.child?.startedAt);
  const end = instant(call.finishedAt) ?? plus(start, call.durationMs) ?? instant(call.child?.finishedAt);
  const kind = call.child ? 'delegate' : 'tool';
  const row: CallRow = { kind, key, depth, call, within: within.length, start, end };
  return folded.has(key) ? [row] : [row, ...within];
}

function noticeRow(part: NoticePart, depth: number, key: string): NoticeRow {
  const at = instant(part.at);
  return { kind: 'notice', key, depth, notice: part.notice, start: at, end: at };
}

/** Where the rows begin and end; `now` is the end of what goes on. */
export function spanOf(rows: readonly TimelineRow[], now: number): { start: number; end: number } {
  const starts = rows.flatMap((row) => row.start ?? []);
  const ends = rows.flatMap((row) => row.end ?? (row.start === null ? [] : now));
  if (starts.length === 0) return { start: now, end: now };
  const start = Math.min(...starts);
  return { start, end: Math.max(start, ...ends) };
}

/** Narrower bars cannot be seen. */
const NARROWEST = 0.4;

/** A row's bar as shares of the whole width, in per cent; null where it has not begun. */
export function barOf(
  row: TimelineRow,
  span: { start: number; end: number },
  now: number,
): { left: number; width: number } | null {
  if (row.start === null) return null;
  const whole = Math.max(1, span.end - span.start);
  const left = Math.min(100 - NARROWEST, ((row.start - span.start) / whole) * 100);
  const width = (((row.end ?? Math.max(now, row.start)) - row.start) / whole) * 100;
  return { left, width: Math.min(100 - left, Math.max(NARROWEST, width)) };
}

/** Milliseconds of a row, as the service measured them where it did. */
export function durationOf(row: TimelineRow, now: number): number | null {
  if (row.kind === 'model' && row.round.durationMs !== undefined) return row.round.durationMs;
  if (row.kind === 'tool' && row.call.durationMs !== undefined) return row.call.durationMs;
  return row.start === null ? null : Math.max(0, (row.end ?? now) - row.start);
}

function instant(time: string | undefined): number | null {
  if (time === undefined) return null;
  const at = Date.parse(time);
  return Number.isNaN(at) ? null : at;
}

function plus(start: number | null, milliseconds: number | undefined): number | null {
  return start === null || milliseconds === undefined ? null : start + milliseconds;
}
