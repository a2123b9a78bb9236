// A conversation as JSON, in names of its own that stay the same when the console's change.
import type { AgentRun, AssistantTurn, CallPart, Part, Tokens, Turn } from '$lib/stream/conversation';

import type { Head } from './markdown';

/** Raised when a name changes its meaning; names that are added later are optional. */
const VERSION = 1;

type Json = Record<string, unknown>;

export function asJson(turns: readonly Turn[], head: Head & { session?: string }): string {
  const whole = {
    version: VERSION,
    title: head.title,
    session_id: head.session,
    exported_at: head.at,
    turns: turns.map(turnOf),
  };
  return `${JSON.stringify(whole, null, 2)}\n`;
}

function turnOf(turn: Turn): Json {
  switch (turn.kind) {
    case 'system':
      return { role: 'system', content: turn.text, timestamp: turn.timestamp, prompt_template: turn.promptTemplate };
    case 'user':
      return {
        role: 'user',
        content: turn.text,
        images: turn.images.length > 0 ? turn.images : undefined,
        audio: turn.audio,
        timestamp: turn.timestamp,
        run_id: turn.runId,
        prompt_template: turn.promptTemplate,
        state: turn.state === 'sent' ? undefined : turn.state,
      };
    case 'assistant':
      return { role: 'assistant', ...answerOf(turn) };
  }
}

function answerOf(turn: AssistantTurn): Json {
  return { name: turn.name, ...runOf(turn), files: turn.files };
}

function runOf(run: AgentRun): Json {
  return {
    run_id: run.runId,
    agent: run.agent || undefined,
    status: run.status,
    started_at: run.startedAt,
    finished_at: run.finishedAt,
    parts: run.parts.map(partOf).filter((part) => part !== undefined),
    rounds: run.rounds.map(({ step, model, usage, firstTokenMs, durationMs, finishReason }) => ({
      step,
      model,
      usage: tokensOf(usage.tokens),
      cost: usage.cost,
      first_token_ms: firstTokenMs,
      duration_ms: durationMs,
      finish_reason: finishReason,
    })),
    usage: tokensOf(run.usage.tokens),
    cost: run.usage.cost,
    ending: run.ending,
  };
}

function partOf(part: Part): Json | undefined {
  switch (part.kind) {
    case 'text':
      return { type: 'text', step: part.step, text: part.text, partial: part.partial, invalid: part.invalid };
    case 'thinking':
      return { type: 'thinking', step: part.step, text: part.text };
    case 'call':
      return callOf(part);
    case 'notice':
      return { ...part.notice, type: 'notice', notice: part.notice.type, step: part.step, at: part.at };
  }
}

function callOf(call: CallPart): Json {
  return {
    type: 'call',
    step: call.step,
    call_id: call.callId,
    name: call.name,
    arguments: call.input,
    status: call.status,
    attempts: call.attempts,
    duration_ms: call.durationMs,
    approval: call.approval,
    output: call.output && {
      content: call.output.content,
      is_error: call.output.isError,
      structured: call.output.structured,
      images: call.output.images.length > 0 ? call.output.images : undefined,
      artifact: call.output.artifact,
    },
    agent: call.child && runOf(call.child),
  };
}

function tokensOf(tokens: Tokens): Json {
  return {
    input_tokens: tokens.input,
    output_tokens: tokens.output,
    total_tokens: tokens.total,
    cached_tokens: tokens.cached,
    cache_write_tokens: tokens.cacheWrite,
    reasoning_tokens: tokens.reasoning,
    estimated: tokens.estimated,
  };
}
