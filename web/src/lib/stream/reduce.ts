/**
 * Folds the events of a run, with those of its sub-agents, into the turn that the page shows. Pure: live and replayed
 * streams give the same turn, event by event or all at once.
 */
import type { AgentRun, AssistantTurn, Usage } from './conversation';
import { addTokens, isOpen, NO_TOKENS, waitingCalls } from './conversation';
import type { EventOf, RunEvent } from './event';
import * as call from './reduce/call';
import * as step from './reduce/step';
import { finished } from './reduce/finish';
import { changeCall, withPart } from './parts';

/** What is known of a run from its events so far. */
export interface RunFold {
  turn: AssistantTurn;
  /** What the run was given. */
  input: EventOf<'run_accepted'>['input'];
  session?: string;
  /** By sub-agent's run: the calls that lead to it, from the root's down. */
  paths: Readonly<Record<string, readonly string[]>>;
}

/** A run of which nothing is known but its id. */
export function begin(runId: string): RunFold {
  const turn: AssistantTurn = { kind: 'assistant', key: `run:${runId}`, detailed: true, ...emptyRun('queued', 0) };
  return { turn: { ...turn, runId }, input: [], paths: {} };
}

/** The fold with some more events. */
export function reduceAll(fold: RunFold, events: Iterable<RunEvent>): RunFold {
  for (const event of events) fold = reduce(fold, event);
  return fold;
}

/** The fold with one more event. */
export function reduce(fold: RunFold, event: RunEvent): RunFold {
  if (event.type === 'run_accepted') return accepted(fold, event);
  if (event.type === 'child_started') fold = withPath(fold, event.run_id, event.call_id, event.child_run_id);
  const turn = within(fold, event.run_id, (run) => apply(run, event, fold.turn.runId ?? event.run_id));
  return turn === fold.turn ? fold : { ...fold, turn: awaited(turn) };
}

function apply<Run extends AgentRun>(run: Run, event: RunEvent, root: string): Run {
  switch (event.type) {
    case 'run_started':
      return { ...run, status: 'running', startedAt: event.at ?? undefined };
    case 'step_started':
      return step.started(run, event);
    case 'delta':
      return step.delta(run, event, root);
    case 'step_restarted':
      return step.restarted(run, event);
    case 'attempt_failed':
      return totalled(step.failed(run, event));
    case 'message':
      return totalled(step.message(run, event, root));
    case 'limit_reached':
      return noted(run, event, { type: 'limit', limit: event.limit });
    case 'cancel_requested':
      return noted(run, event, { type: 'cancelling', by: event.by });
    case 'run_finished':
      return finished(run, event);
    case 'input_required': {
      const ids = new Set(event.calls.map((asked) => asked.call_id));
      return [...ids].reduce((run, id) => changeCall(run, id, (part) => ({ ...part, status: 'input' })), run);
    }
    case 'run_accepted':
      return run;
    default:
      return changeCall(run, event.call_id, (part) => call.changed(part, event));
  }
}

function accepted(fold: RunFold, event: EventOf<'run_accepted'>): RunFold {
  const { parent_run_id: parent, parent_call_id: id } = event;
  if (!parent || !id) {
    const turn = { ...fold.turn, agent: event.agent };
    return { ...fold, turn, input: event.input, session: event.session_id ?? undefined };
  }
  fold = withPath(fold, parent, id, event.run_id);
  const child = { ...emptyRun('queued', event.depth), runId: event.run_id, agent: event.agent };
  return { ...fold, turn: within(fold, parent, (run) => changeCall(run, id, (part) => ({ ...part, child }))) };
}

function emptyRun(status: AgentRun['status'], depth: number): AgentRun {
  return { agent: '', depth, status, parts: [], rounds: [], usage: { tokens: NO_TOKENS, cost: 0 } };
}

function withPath(fold: RunFold, parent: string, id: string, child: string): RunFold {
  if (fold.paths[child]) return fold;
  return { ...fold, paths: { ...fold.paths, [child]: [...(fold.paths[parent] ?? []), id] } };
}

/** The turn with the run of that id changed, however deep it is. */
function within(fold: RunFold, id: string, change: <Run extends AgentRun>(run: Run) => Run): AssistantTurn {
  const path = id === fold.turn.runId ? [] : fold.paths[id];
  // A run that nobody started has no place to be shown.
  return path ? descend(fold.turn, path, change) : fold.turn;
}

function descend<Run extends AgentRun>(
  run: Run,
  path: readonly string[],
  change: <Inner extends AgentRun>(run: Inner) => Inner,
): Run {
  const [next, ...rest] = path;
  if (next === undefined) return change(run);
  return changeCall(run, next, (part) => (part.child ? { ...part, child: descend(part.child, rest, change) } : part));
}

/** A run whose calls wait for somebody waits itself. */
function awaited(turn: AssistantTurn): AssistantTurn {
  if (!isOpen(turn) || turn.status === 'queued') return turn;
  const status = waitingCalls(turn).length > 0 ? 'waiting' : 'running';
  return turn.status === status ? turn : { ...turn, status };
}

function totalled<Run extends AgentRun>(run: Run): Run {
  const start: Usage = { tokens: NO_TOKENS, cost: 0 };
  const add = (sum: Usage, { usage }: { usage: Usage }): Usage => ({
    tokens: addTokens(sum.tokens, usage.tokens),
    cost: (sum.cost ?? 0) + (usage.cost ?? 0),
  });
  return { ...run, usage: run.rounds.reduce(add, start) };
}

function noted<Run extends AgentRun>(
  run: Run,
  event: EventOf<'limit_reached' | 'cancel_requested'>,
  notice: { type: 'limit'; limit: string } | { type: 'cancelling'; by: string },
): Run {
  const key = `${event.id}:${notice.type}`;
  return withPart(run, { kind: 'notice', key, step: step.current(run), at: event.at ?? undefined, notice });
}
