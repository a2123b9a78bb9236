/**
 * A conversation as the page shows it. Turns are made by `reduce.ts` (live and replayed events of a run) and by
 * `history.ts` (the stored turns of a session); both give the same shape.
 *
 * Everything here is immutable: a change makes a new object along its path and keeps the rest, so that `===` tells what
 * to draw again.
 */

/** Tokens of one or more model calls. */
export interface Tokens {
  input: number;
  output: number;
  total: number;
  /** Of `input`: read from the provider's cache. */
  cached: number;
  /** Of `input`: written to the provider's cache. */
  cacheWrite: number;
  /** Of `output`: reasoning. */
  reasoning: number;
  /** The provider did not tell; the service counted characters. */
  estimated: boolean;
}

/** What a run, or a model call, used. */
export interface Usage {
  tokens: Tokens;
  /** In micro-units of the currency of the model's price; `undefined` while it is not known. */
  cost?: number;
}

/** One call of a model: a step of a run. Speed is `tokens.output` per second of `durationMs - firstTokenMs`. */
export interface Round {
  /** The step, from 1. */
  step: number;
  /** The model's name, where it is known. */
  model?: string;
  usage: Usage;
  /** Milliseconds to the first piece. */
  firstTokenMs?: number;
  /** Milliseconds of the whole call. */
  durationMs?: number;
  /** When it began and ended (RFC 3339). */
  startedAt?: string;
  finishedAt?: string;
  /** `stop`, `tool_calls`, `length` or `content_filter`. */
  finishReason?: string;
}

/** The model's reasoning in one step. Fold it when `streaming` is over, or when a text part of the same step is there. */
export interface ThinkingPart {
  kind: 'thinking';
  /** Stable within the run, for keyed lists. */
  key: string;
  step: number;
  text: string;
  streaming: boolean;
}

/** The model's words in one step: Markdown, hostile until proven otherwise. */
export interface TextPart {
  kind: 'text';
  key: string;
  step: number;
  text: string;
  streaming: boolean;
  /** The answer broke off here: a provider failed, or the run was stopped. */
  partial?: boolean;
  /** Why the text does not satisfy the agent's output schema. */
  invalid?: string;
}

/**
 * Where a call stands: `writing` (its arguments are being written), `pending` (whole, not begun), `approval` (a person
 * is asked), `input` (the caller is to give its result), `running`, `completed`, `failed`, `rejected` (by a person),
 * `cancelled` (the run ended before it had a result).
 */
export type CallStatus =
  'writing' | 'pending' | 'approval' | 'input' | 'running' | 'completed' | 'failed' | 'rejected' | 'cancelled';

/** The whole of a result that was cut: `GET /v1/runs/{runId}/artifacts/{hash}`. */
export interface ArtifactRef {
  hash: string;
  bytes: number;
}

/** What a call came to. */
export interface ToolOutput {
  /** The text that the model reads; starts with `Error: ` where the call failed. */
  content: string;
  isError: boolean;
  /** The result as JSON, where the tool gives one. */
  structured?: unknown;
  /** Data URIs. */
  images: string[];
  artifact?: ArtifactRef;
}

/** A person's decision about a call. */
export interface Approval {
  /** `policy`: the tool wants it; `interrupted`: it was begun when the service stopped and may have happened. */
  reason: string;
  decision?: {
    approved: boolean;
    by: string;
    /** The arguments as they were edited, as JSON text. */
    arguments?: string;
  };
}

/** A call of a tool, or of a sub-agent (then with `child`). */
export interface CallPart {
  kind: 'call';
  key: string;
  step: number;
  /** What approvals and inputs name; none in a history whose events are not read yet. */
  callId?: string;
  /** The root run, to which answers are sent. */
  runId?: string;
  name: string;
  /** The arguments as JSON text: a part of it while `writing`, and perhaps malformed for ever. */
  input: string;
  status: CallStatus;
  /** Above 1 when a repeatable call was made again after a crash. */
  attempts: number;
  /** When it began and ended (RFC 3339). */
  startedAt?: string;
  finishedAt?: string;
  durationMs?: number;
  approval?: Approval;
  output?: ToolOutput;
  /** The sub-agent that works on it; its parts nest, to any depth. */
  child?: AgentRun;
}

/** Something that happened to the run, between its parts. */
export type Notice =
  /** `tool_rounds`, `tool_calls`, `tokens`, `cost` or `time`: the answer ends here and can be continued. */
  | { type: 'limit'; limit: string }
  /** An attempt to ask the model failed; another follows, unless the run's `ending` says otherwise. */
  | { type: 'attempt-failed'; attempt: number; code: string; message: string; model?: string }
  /** The service was interrupted in the middle of this step and asks again. */
  | { type: 'restarted' }
  /** Someone wants the run to end. */
  | { type: 'cancelling'; by: string };

export interface NoticePart {
  kind: 'notice';
  key: string;
  step: number;
  at?: string;
  notice: Notice;
}

/** What an answer is made of, in the order in which it is shown. */
export type Part = ThinkingPart | TextPart | CallPart | NoticePart;

/** `unknown` is a stored answer whose run is not known. */
export type RunStatus = 'queued' | 'running' | 'waiting' | 'completed' | 'failed' | 'cancelled' | 'unknown';

/** How a run ended. */
export interface Ending {
  status: 'completed' | 'failed' | 'cancelled';
  /** Completed: the limit that it came to. */
  limit?: string;
  /** Completed: what the service said about the limit. */
  note?: string;
  /** Completed: the structured answer, where one was asked for. */
  output?: unknown;
  /** Failed: the provider's HTTP status, or a word. */
  code?: string;
  /** Failed: what happened. */
  message?: string;
  /** Cancelled: who, or why. */
  by?: string;
}

/** One agent's work: the root's, or a sub-agent's within a call. */
export interface AgentRun {
  runId?: string;
  /** The agent's name; empty for a model and tools composed for the run. */
  agent: string;
  /** How deep it is below the root; 0 for the root. */
  depth: number;
  status: RunStatus;
  parts: readonly Part[];
  rounds: readonly Round[];
  /** Of the whole tree for the root when it is over; of its own rounds until then, and for a sub-agent. */
  usage: Usage;
  /** When it began and ended (RFC 3339). */
  startedAt?: string;
  finishedAt?: string;
  ending?: Ending;
}

/** A file in the workspace that an answer made or changed. */
export interface MadeFile {
  name: string;
  /** Absolute, as the workspace API names it. */
  path: string;
  size: number;
}

/** The instructions that stand before what follows. */
export interface SystemTurn {
  kind: 'system';
  key: string;
  text: string;
  timestamp?: string;
  promptTemplate?: string;
}

/** What a person said. */
export interface UserTurn {
  kind: 'user';
  key: string;
  /** The text, with `<file>path</file>` where files were attached, or with their contents once stored. */
  text: string;
  /** Data URIs. */
  images: readonly string[];
  /** A recording, in base64. */
  audio?: string;
  /** What a revoke names; none before the service has stored it. */
  timestamp?: string;
  /** `sending` and `failed` are this page's own; `queued` waits for the run before it. */
  state: 'sending' | 'queued' | 'sent' | 'failed';
  /** Failed: a sentence with its remedy. */
  error?: string;
  /** The run that answers it. */
  runId?: string;
  promptTemplate?: string;
}

/** An answer. */
export interface AssistantTurn extends AgentRun {
  kind: 'assistant';
  key: string;
  /** The agent's name for people. */
  name?: string;
  /** Whether calls carry what only the run's events tell (durations, sub-agents, ids); they are read when it is seen. */
  detailed: boolean;
  files?: readonly MadeFile[];
}

export type Turn = SystemTurn | UserTurn | AssistantTurn;

/** No tokens. */
export const NO_TOKENS: Tokens = {
  input: 0,
  output: 0,
  total: 0,
  cached: 0,
  cacheWrite: 0,
  reasoning: 0,
  estimated: false,
};

/** The sum of two counts. */
export function addTokens(one: Tokens, other: Tokens): Tokens {
  return {
    input: one.input + other.input,
    output: one.output + other.output,
    total: one.total + other.total,
    cached: one.cached + other.cached,
    cacheWrite: one.cacheWrite + other.cacheWrite,
    reasoning: one.reasoning + other.reasoning,
    estimated: one.estimated || other.estimated,
  };
}

/** Tokens written per second, once the first one was there; `undefined` where that cannot be told. */
export function speed(rounds: readonly Round[]): number | undefined {
  let tokens = 0;
  let milliseconds = 0;
  for (const round of rounds) {
    if (round.durationMs === undefined) continue;
    tokens += round.usage.tokens.output;
    milliseconds += round.durationMs - (round.firstTokenMs ?? 0);
  }
  return milliseconds >= 1 && tokens > 0 ? (tokens * 1000) / milliseconds : undefined;
}

/** The words of an answer, without its thinking and its tools: what is copied, and what is read aloud. */
export function wordsOf(run: AgentRun): string {
  const texts = run.parts.filter((part): part is TextPart => part.kind === 'text' && part.text !== '');
  return texts.map((part) => part.text).join('\n\n');
}

/** Whether more is to come. */
export function isOpen(run: AgentRun): boolean {
  return run.status === 'queued' || run.status === 'running' || run.status === 'waiting';
}

/** The calls of a run and of its sub-agents that wait for a person or the caller. */
export function waitingCalls(run: AgentRun): CallPart[] {
  const calls: CallPart[] = [];
  for (const part of run.parts) {
    if (part.kind !== 'call') continue;
    if (part.status === 'approval' || part.status === 'input') calls.push(part);
    if (part.child) calls.push(...waitingCalls(part.child));
  }
  return calls;
}
