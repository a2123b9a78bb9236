/** Puts a conversation's turns together: what is stored, what runs, and what this page is still sending. Pure. */
import type { AssistantTurn, MadeFile, Turn, UserTurn } from '$lib/stream/conversation';
import { userKey } from '$lib/stream/history';
import type { RunFold } from '$lib/stream/reduce';

export interface Sources {
  /** The turns that the session stores, as `turnsOf` makes them. */
  stored: readonly Turn[];
  /** Runs whose events are known, in the order in which they began or will. */
  folds: readonly RunFold[];
  /** What was sent from here, by the run that it began: with images, which events do not tell. */
  sent: ReadonlyMap<string, UserTurn>;
  /** What a run made in the workspace. */
  made: ReadonlyMap<string, readonly MadeFile[]>;
  /** What is being sent, or could not be. */
  sending: readonly UserTurn[];
}

export function assemble({ stored, folds, sent, made, sending }: Sources): Turn[] {
  const known = new Map(folds.map((fold) => [fold.turn.runId ?? '', fold]));
  const asked = new Set(stored.flatMap((turn) => (turn.kind === 'user' && turn.runId ? [turn.runId] : [])));
  const answered = new Set<string>();
  const turns: Turn[] = [];
  for (const [index, turn] of stored.entries()) {
    const fold = turn.kind === 'assistant' ? known.get(turn.runId ?? '') : undefined;
    turns.push(fold ? named(fold.turn, turn as AssistantTurn) : turn);
    const run = turn.kind === 'system' ? undefined : turn.runId;
    if (turn.kind === 'assistant' && run) answered.add(run);
    // A run that was only begun when the turns were stored has no answer among them yet.
    const next = stored[index + 1];
    const isLast = next === undefined || next.kind === 'system' || next.runId !== run;
    if (turn.kind === 'user' && run && isLast && known.has(run) && !answered.has(run)) {
      answered.add(run);
      turns.push(...answerOf(known.get(run)));
    }
  }
  for (const [run, fold] of known) {
    if (asked.has(run) || answered.has(run) || isTakenBack(fold)) continue;
    turns.push(...questionOf(fold, sent.get(run)), ...answerOf(fold));
  }
  return [...turns.map((turn) => withFiles(turn, made)), ...sending];
}

function withFiles(turn: Turn, made: Sources['made']): Turn {
  const files = turn.kind === 'assistant' && turn.runId ? made.get(turn.runId) : undefined;
  return files && files.length > 0 ? { ...(turn as AssistantTurn), files } : turn;
}

/** A queued run has nothing to show but its question. */
function answerOf(fold: RunFold | undefined): AssistantTurn[] {
  return fold && fold.turn.status !== 'queued' ? [fold.turn] : [];
}

/** One that was cancelled before it began has left nothing in the conversation. */
function isTakenBack({ turn }: RunFold): boolean {
  return turn.status === 'cancelled' && turn.startedAt === undefined;
}

function questionOf(fold: RunFold, sent: UserTurn | undefined): UserTurn[] {
  const run = fold.turn.runId ?? '';
  const state = fold.turn.status === 'queued' ? 'queued' : 'sent';
  if (sent) return [{ ...sent, key: userKey(run, 0), runId: run, state }];
  const said = fold.input.filter((message) => message.role === 'user');
  return said.map((message, number) => ({
    kind: 'user',
    key: userKey(run, number),
    text: message.content,
    images: [],
    state,
    runId: run,
  }));
}

function named(turn: AssistantTurn, stored: AssistantTurn): AssistantTurn {
  return stored.name && turn.name !== stored.name ? { ...turn, name: stored.name } : turn;
}
