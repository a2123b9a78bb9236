// What an answer cost, as rows of words.
import { i18n, t } from '$lib/i18n/i18n.svelte';
import { cost, duration } from '$lib/runs/units';
import { speed, type AgentRun, type Round } from '$lib/stream/conversation';

export interface Row {
  label: string;
  value: string;
}

const number = (count: number) => count.toLocaleString(i18n.language);

/** The rows of a whole answer; what is not known has none. */
export function usageRows(run: AgentRun, currency?: string): Row[] {
  const { tokens, cost: price } = run.usage;
  const rows: [string, string | undefined][] = [
    [t('message.usage.input'), tokens.input > 0 ? number(tokens.input) : undefined],
    [t('message.usage.cached'), tokens.cached > 0 ? number(tokens.cached) : undefined],
    [t('message.usage.cache-write'), tokens.cacheWrite > 0 ? number(tokens.cacheWrite) : undefined],
    [t('message.usage.output'), number(tokens.output)],
    [t('message.usage.reasoning'), tokens.reasoning > 0 ? number(tokens.reasoning) : undefined],
    [t('message.usage.total'), tokens.estimated ? `≈ ${number(tokens.total)}` : number(tokens.total)],
    [t('message.usage.cost'), price === undefined ? undefined : cost(price, i18n.language, currency)],
    [t('message.usage.speed'), perSecond(run.rounds)],
    [t('message.usage.first'), firstToken(run.rounds)],
    [t('message.usage.time'), elapsed(run)],
    [t('message.usage.model'), [...new Set(run.rounds.flatMap(({ model }) => model ?? []))].join(', ') || undefined],
  ];
  return rows.flatMap(([label, value]) => (value === undefined ? [] : [{ label, value }]));
}

/** Milliseconds from its beginning to its end, where both are known. */
export function elapsed(run: AgentRun): string | undefined {
  if (run.startedAt === undefined || run.finishedAt === undefined) return undefined;
  const milliseconds = Date.parse(run.finishedAt) - Date.parse(run.startedAt);
  return milliseconds >= 0 ? duration(milliseconds) : undefined;
}

function perSecond(rounds: readonly Round[]): string | undefined {
  const tokens = speed(rounds);
  return tokens === undefined ? undefined : t('message.usage.per-second', { count: Math.round(tokens) });
}

function firstToken(rounds: readonly Round[]): string | undefined {
  const first = rounds.find(({ firstTokenMs }) => firstTokenMs !== undefined)?.firstTokenMs;
  return first === undefined ? undefined : duration(first);
}
