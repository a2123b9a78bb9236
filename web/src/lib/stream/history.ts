/**
 * Makes turns of a session's stored messages and the list of its runs, in the shape in which `reduce.ts` makes them of
 * events. What only events tell (ids and durations of calls, sub-agents) is not there: `detailed` says so.
 */
import type { AssistantTurn, CallPart, Part, Round, Turn, UserTurn } from './conversation';
import { addTokens, NO_TOKENS } from './conversation';
import { ending, tokens, type RunSummary, type StoredTurn } from './event';
import { wordsKey } from './parts';
import { blank } from './reduce/step';
import { settled } from './reduce/finish';

/** How the engine asks a model once more for what its schema wants; stored among the turns of the run. */
const REPAIR = /^The answer does not satisfy the required JSON Schema: ([^]*)\nAnswer again with nothing but JSON/;

/** The turns of a session. `runs` are those of the session that are known, in any order. */
export function turnsOf(stored: readonly StoredTurn[], runs: readonly RunSummary[]): Turn[] {
  const find = finder(runs);
  const turns: Turn[] = [];
  const said = new Map<string, number>();
  let open: Building | undefined;
  const close = () => {
    if (open) turns.push(finish(open));
    open = undefined;
  };
  for (const turn of stored) {
    const repair = turn.role === 'user' && open ? REPAIR.exec(turn.content) : null;
    if (repair) {
      markInvalid(open, repair[1] ?? '');
    } else if (turn.role === 'assistant' || turn.role === 'tool') {
      const run = find(turn.timestamp);
      // Two runs may follow one upon the other without a user's turn between them.
      if (open && open.run !== run) close();
      open ??= { run, parts: [], rounds: [], first: turn, step: 0 };
      take(open, turn);
    } else {
      close();
      turns.push(turn.role === 'system' ? systemTurn(turn) : userTurn(turn, find(turn.timestamp), said));
    }
  }
  close();
  return turns.map(lastOfRun(turns));
}

/** Only the last answer in a run's time is the run's own: what came before was part of what it was given. */
function lastOfRun(turns: readonly Turn[]): (turn: Turn, index: number) => Turn {
  const last = new Map(turns.map((turn, index) => [turn.kind === 'assistant' ? turn.runId : undefined, index]));
  return (turn, index) => {
    if (turn.kind !== 'assistant' || turn.runId === undefined || last.get(turn.runId) === index) return turn;
    return {
      ...turn,
      key: `${turn.key}:${index}`,
      runId: undefined,
      ending: undefined,
      status: 'unknown',
      detailed: true,
    };
  };
}

/** Finds the run that was going on at a time: the last one that had begun. */
function finder(runs: readonly RunSummary[]): (timestamp: string) => RunSummary | undefined {
  const begun = runs.filter((run) => run.started_at);
  const starts = begun.map((run) => ({ run, at: (run.started_at ?? '').replace(/Z$/, '') }));
  starts.sort((one, other) => (one.at < other.at ? -1 : 1));
  return (timestamp) => {
    let low = 0;
    let high = starts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((starts[middle]?.at ?? '') <= timestamp) low = middle + 1;
      else high = middle;
    }
    return starts[low - 1]?.run;
  };
}

interface Building {
  run: RunSummary | undefined;
  parts: Part[];
  rounds: Round[];
  first: StoredTurn;
  step: number;
}

function systemTurn(turn: StoredTurn): Turn {
  const { content: text, timestamp, prompt_template: promptTemplate } = turn;
  return { kind: 'system', key: `at:${timestamp}`, text, timestamp, promptTemplate };
}

/** The key of a run's user turn by its number among them, the same before and after it is stored. */
export function userKey(run: string, number: number): string {
  return `user:${run}:${number}`;
}

function userTurn(turn: StoredTurn, run: RunSummary | undefined, said: Map<string, number>): UserTurn {
  const number = run ? (said.get(run.id) ?? 0) : 0;
  if (run) said.set(run.id, number + 1);
  return {
    kind: 'user',
    key: run ? userKey(run.id, number) : `at:${turn.timestamp}`,
    text: turn.content,
    images: turn.images ?? [],
    audio: turn.audio,
    timestamp: turn.timestamp,
    state: 'sent',
    runId: run?.id,
    promptTemplate: turn.prompt_template,
  };
}

function take(open: Building, turn: StoredTurn): void {
  if (turn.role === 'tool') {
    answerCall(open, turn);
    return;
  }
  const end = open.run?.outcome;
  // What the ending says stands in the conversation, too, for clients that know no endings.
  const isEnding = !turn.stat && (turn.content === end?.note || turn.content === `Error: ${end?.message}`);
  if (isEnding) return;
  open.step += 1;
  const { step } = open;
  if (turn.thinking) {
    open.parts.push({ kind: 'thinking', key: wordsKey('thinking', step), step, text: turn.thinking, streaming: false });
  }
  if (turn.content) {
    const text = { kind: 'text' as const, key: wordsKey('text', step), step, text: turn.content, streaming: false };
    open.parts.push(turn.stat || !open.run ? text : { ...text, partial: true });
  }
  for (const [index, call] of (turn.tool_calls ?? []).entries()) {
    const part = { ...blank(step, index, call.name, call.arguments), callId: call.id, runId: open.run?.id };
    open.parts.push(part);
  }
  if (turn.stat) open.rounds.push(roundOf(step, turn.stat, turn.timestamp));
}

function roundOf(step: number, stat: NonNullable<StoredTurn['stat']>, timestamp: string): Round {
  const { prompt_tokens: input, completion_tokens: output, total_tokens: total } = stat;
  return {
    step,
    usage: { tokens: { ...NO_TOKENS, input, output, total } },
    firstTokenMs: stat.ttft_ms ?? undefined,
    durationMs: stat.total_ms ?? undefined,
    finishedAt: `${timestamp}Z`,
  };
}

/** The call of the last round that the result names; some models count their calls anew in each round. */
function answerCall(open: Building, turn: StoredTurn): void {
  const isError = turn.content.startsWith('Error: ');
  const output = { content: turn.content, isError, images: turn.images ?? [] };
  const place = open.parts.findLastIndex(
    (part) => part.kind === 'call' && part.callId === turn.tool_use_id && !part.output,
  );
  const known = open.parts[place];
  const part: CallPart = known?.kind === 'call' ? known : blank(open.step, open.parts.length, turn.name ?? '', '');
  const whole: CallPart = {
    ...part,
    output,
    status: isError ? 'failed' : 'completed',
    finishedAt: `${turn.timestamp}Z`,
  };
  if (known) open.parts[place] = whole;
  else open.parts.push(whole);
}

function markInvalid(open: Building | undefined, problem: string): void {
  const place = open?.parts.findLastIndex((part) => part.kind === 'text') ?? -1;
  const part = open?.parts[place];
  if (open && part?.kind === 'text') open.parts[place] = { ...part, invalid: problem };
}

function finish({ run, parts, rounds, first }: Building): AssistantTurn {
  // The provider's ids of calls are not those that approvals name.
  const shown = parts.map((part) => (part.kind === 'call' ? withoutId(settled(part) as CallPart) : part));
  const last = shown.at(-1);
  // Without a known run nothing but the words tell that it failed.
  const failed = !run && last?.kind === 'text' && last.text.startsWith('Error: ');
  const sum = rounds.reduce((sum, round) => addTokens(sum, round.usage.tokens), NO_TOKENS);
  const end = failed ? { status: 'failed' as const, message: last.text.slice('Error: '.length) } : undefined;
  return {
    kind: 'assistant',
    key: run ? `run:${run.id}` : `at:${first.timestamp}`,
    name: first.name,
    runId: run?.id,
    agent: run ? (run.kind === 'agent' ? run.target : '') : (first.assistant_id ?? ''),
    depth: 0,
    status: run ? (run.status as AssistantTurn['status']) : failed ? 'failed' : 'unknown',
    parts: failed ? shown.slice(0, -1) : shown,
    rounds,
    usage: run ? { tokens: tokens(run.usage), cost: run.cost } : { tokens: sum },
    startedAt: run?.started_at ?? `${first.timestamp}Z`,
    finishedAt: run?.finished_at ?? undefined,
    ending: run?.outcome ? ending(run.outcome) : end,
    detailed: !run || !shown.some((part) => part.kind === 'call'),
  };
}

function withoutId(part: CallPart): CallPart {
  const { callId: _, ...rest } = part;
  return rest;
}
