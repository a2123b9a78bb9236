/** A model step: its attempts, the pieces of its message, the whole message. */
import type { AgentRun, CallPart, NoticePart, Part, Round } from '../conversation';
import { addTokens, NO_TOKENS } from '../conversation';
import { tokens, type EventOf } from '../event';
import { callKey, isWords, mapParts, put, withPart, wordsKey } from '../parts';

/** The step that a run is in; 0 before the first. */
export function current(run: AgentRun): number {
  return run.rounds.at(-1)?.step ?? 0;
}

export function started<Run extends AgentRun>(run: Run, event: EventOf<'step_started'>): Run {
  const model = event.model ?? undefined;
  const at = event.at ?? undefined;
  const round: Round = { step: event.step, model, usage: { tokens: NO_TOKENS, cost: 0 }, startedAt: at };
  // Another attempt keeps what the one before it cost.
  run = changeRound(run, event.step, (known) => (known ? { ...known, model, startedAt: at } : round));
  return mapParts(run, (part) => (isUnmade(part, event.step) ? null : part));
}

/** A call that was never made though the next step began: the model asked for it before it knew a skill (S1-105). */
function isUnmade(part: Part, step: number): boolean {
  return part.kind === 'call' && part.step < step && part.status === 'pending';
}

export function delta<Run extends AgentRun>(run: Run, event: EventOf<'delta'>, root: string): Run {
  if (event.of === 'tool_arguments') return argument(run, event, root);
  const kind = event.of === 'thinking' ? 'thinking' : 'text';
  const key = wordsKey(kind, event.step);
  const known = run.parts.find((part) => part.key === key);
  const text = (known && isWords(known) ? known.text : '') + event.text;
  return withPart(run, { kind, key, step: event.step, text, streaming: true });
}

function argument<Run extends AgentRun>(run: Run, event: EventOf<'delta'>, root: string): Run {
  const key = callKey(event.step, event.index ?? 0);
  const known = run.parts.find((part): part is CallPart => part.key === key);
  const fresh: CallPart = {
    ...blank(event.step, event.index ?? 0, event.name ?? '', ''),
    callId: event.call_id ?? undefined,
    runId: root,
    status: 'writing',
  };
  const part = known ?? fresh;
  // Once there is a call, there are no more words in this step.
  return withPart(settled(run, event.step), { ...part, input: part.input + event.text });
}

/** A call of which nothing but its name and arguments is known. */
export function blank(step: number, index: number, name: string, input: string): CallPart {
  return { kind: 'call', key: callKey(step, index), step, name, input, status: 'pending', attempts: 0 };
}

/** No words of the step follow. */
function settled<Run extends AgentRun>(run: Run, step: number): Run {
  return mapParts(run, (part) =>
    isWords(part) && part.step === step && part.streaming ? { ...part, streaming: false } : part,
  );
}

export function restarted<Run extends AgentRun>(run: Run, event: EventOf<'step_restarted'>): Run {
  const kept = mapParts(run, (part) => (part.step === event.step && part.kind !== 'notice' ? null : part));
  const notice: NoticePart['notice'] = { type: 'restarted' };
  return withPart(kept, noticeOf(event, event.step, notice));
}

function noticeOf(event: { id: string; at?: string | null }, step: number, notice: NoticePart['notice']): NoticePart {
  return { kind: 'notice', key: `${event.id}:${notice.type}`, step, at: event.at ?? undefined, notice };
}

export function failed<Run extends AgentRun>(run: Run, event: EventOf<'attempt_failed'>): Run {
  const { step, attempt, code, message } = event;
  run = changeRound(run, step, (round) => spent(round ?? bare(step), event));
  const model = run.rounds.find((round) => round.step === step)?.model;
  // What was said stays, and stands there broken off; calls that were not whole are made by nobody.
  run = mapParts(run, (part) => {
    if (part.step !== step) return part;
    if (part.kind === 'text') return { ...part, streaming: false, partial: true };
    if (part.kind === 'thinking') return { ...part, streaming: false };
    return part.kind === 'call' ? null : part;
  });
  // That a run was ended is said by its ending.
  if (code === 'STOPPED') return run;
  return withPart(run, noticeOf(event, step, { type: 'attempt-failed', attempt, code, message, model }));
}

function bare(step: number): Round {
  return { step, usage: { tokens: NO_TOKENS, cost: 0 } };
}

function spent(round: Round, { usage, cost }: { usage: EventOf<'message'>['usage']; cost: number }): Round {
  const sum = { tokens: addTokens(round.usage.tokens, tokens(usage)), cost: (round.usage.cost ?? 0) + cost };
  return { ...round, usage: sum };
}

export function message<Run extends AgentRun>(run: Run, event: EventOf<'message'>, root: string): Run {
  const { step } = event;
  run = changeRound(run, step, (round) => ({
    ...spent(round ?? bare(step), event),
    firstTokenMs: event.first_token_ms ?? undefined,
    durationMs: event.duration_ms,
    finishedAt: event.at ?? undefined,
    finishReason: event.finish_reason,
  }));
  let parts = run.parts.filter((part) => part.step !== step || part.kind === 'notice');
  for (const part of whole(event, root)) parts = put(parts, part);
  return { ...run, parts };
}

/** What a whole message consists of. Words that are empty are not there. */
function whole(event: EventOf<'message'>, root: string): Part[] {
  const { step, content, thinking = '', invalid } = event;
  const parts: Part[] = [];
  if (thinking)
    parts.push({ kind: 'thinking', key: wordsKey('thinking', step), step, text: thinking, streaming: false });
  if (content) {
    const text = { kind: 'text' as const, key: wordsKey('text', step), step, text: content, streaming: false };
    parts.push(invalid ? { ...text, invalid } : text);
  }
  for (const [index, asked] of (event.tool_calls ?? []).entries()) {
    parts.push({ ...blank(step, index, asked.name, asked.arguments), callId: asked.call_id, runId: root });
  }
  return parts;
}

function changeRound<Run extends AgentRun>(run: Run, step: number, change: (round?: Round) => Round): Run {
  const place = run.rounds.findIndex((round) => round.step === step);
  const rounds = place === -1 ? [...run.rounds, change()] : run.rounds.with(place, change(run.rounds[place]));
  return { ...run, rounds };
}
