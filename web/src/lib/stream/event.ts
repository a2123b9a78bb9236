/** The events of a run as the service sends them (`GET /v1/runs/{id}/events`), and what is read out of them. */
import type { Schemas } from '$lib/api/client';

import type { Ending, Tokens } from './conversation';

export type RunEvent = Schemas['RunEvent'];
export type EventOf<Type extends RunEvent['type']> = Extract<RunEvent, { type: Type }>;
export type RunSummary = Schemas['RunSummary'];

/** A turn as a session stores it (S1-25). The API's description leaves its fields open. */
export interface StoredTurn {
  role: 'system' | 'user' | 'assistant' | 'tool';
  content: string;
  /** UTC to the microsecond, without a zone: `2026-04-21T15:30:12.000123`. */
  timestamp: string;
  name?: string;
  thinking?: string;
  prompt_template?: string;
  tool_id?: string;
  tool_use_id?: string;
  assistant_id?: string;
  audio?: string;
  tool_calls?: { id: string; name: string; arguments: string }[];
  stat?: Schemas['Stat'];
  images?: string[];
  arguments?: Record<string, unknown>;
}

/** Tokens as the page counts them. */
export function tokens(sent: Schemas['Tokens']): Tokens {
  return {
    input: sent.input_tokens,
    output: sent.output_tokens,
    total: sent.total_tokens,
    cached: sent.cached_tokens,
    cacheWrite: sent.cache_write_tokens,
    reasoning: sent.reasoning_tokens,
    estimated: sent.estimated,
  };
}

/** How a run ended, without the fields that are not there. */
export function ending(sent: Schemas['Ending']): Ending {
  const { status, limit, note, output, code, message, by } = sent;
  const known = { limit, note, output, code, message, by };
  const said = Object.entries(known).filter(([, value]) => value !== undefined && value !== null);
  return { status: status as Ending['status'], ...Object.fromEntries(said) };
}

/** Milliseconds between two times; `undefined` where one is missing. */
export function between(from: string | undefined, to: string | undefined): number | undefined {
  if (from === undefined || to === undefined) return undefined;
  return Math.max(0, Date.parse(to) - Date.parse(from));
}
