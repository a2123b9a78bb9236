/** Puts parts into the order in which an answer is shown: by step, and within one thinking, text, calls. */
import type { AgentRun, CallPart, Part, TextPart, ThinkingPart } from './conversation';

/** What comes first within a step. A notice that opens a step stands before its parts, every other one behind them. */
const ORDER = { thinking: 1, text: 2, call: 3, notice: 4 } as const;

function rank(part: Part): number {
  if (part.kind === 'notice' && (part.notice.type === 'restarted' || part.notice.type === 'attempt-failed')) return 0;
  return ORDER[part.kind];
}

function isBefore(one: Part, other: Part): boolean {
  if (one.step !== other.step) return one.step < other.step;
  if (rank(one) !== rank(other)) return rank(one) < rank(other);
  return one.kind === 'call' && other.kind === 'call' && place(one.key) < place(other.key);
}

/** The key of a step's words, the same live, replayed and stored. */
export function wordsKey(kind: 'thinking' | 'text', step: number): string {
  return `${step}:${kind}`;
}

/** The key of a step's call by its place in the message. */
export function callKey(step: number, index: number): string {
  return `${step}:call:${index}`;
}

function place(key: string): number {
  return Number(key.slice(key.lastIndexOf(':') + 1));
}

/** The parts with one more in its place, or with another one under the same key. */
export function put(parts: readonly Part[], part: Part): Part[] {
  const known = parts.findIndex((other) => other.key === part.key);
  if (known !== -1) return parts.with(known, part);
  let at = parts.length;
  for (let before = parts[at - 1]; before && isBefore(part, before); before = parts[at - 1]) at -= 1;
  return parts.toSpliced(at, 0, part);
}

/** The run with a part put in. */
export function withPart<Run extends AgentRun>(run: Run, part: Part): Run {
  return { ...run, parts: put(run.parts, part) };
}

/** The run with its parts changed one by one; `null` drops one. */
export function mapParts<Run extends AgentRun>(run: Run, change: (part: Part) => Part | null): Run {
  const parts = run.parts.map(change).filter((part) => part !== null);
  const same = parts.length === run.parts.length && parts.every((part, index) => part === run.parts[index]);
  return same ? run : { ...run, parts };
}

/** The run with one of its calls changed; itself where there is no such call. */
export function changeCall<Run extends AgentRun>(run: Run, id: string, change: (call: CallPart) => CallPart): Run {
  return mapParts(run, (part) => (part.kind === 'call' && part.callId === id ? change(part) : part));
}

/** Whether it is what the model itself says or thinks. */
export function isWords(part: Part): part is ThinkingPart | TextPart {
  return part.kind === 'thinking' || part.kind === 'text';
}
