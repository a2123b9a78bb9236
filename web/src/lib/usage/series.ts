// Usage by day as stacked series for a plot: one per model, per agent, or one for all.
import type { Schemas } from '$lib/api/client';

export type UsageRow = Schemas['UsageOfDay'];
export const MEASURES = ['tokens', 'cost', 'runs'] as const;
export type Measure = (typeof MEASURES)[number];
export const GROUPS = ['model', 'agent', 'day'] as const;
export type Group = (typeof GROUPS)[number];

/** One colour of the plot. */
export interface Series {
  /** The model's or agent's name; `null` for what is summed up as «others», or for all of a day. */
  readonly name: string | null;
  /** One value a day. */
  readonly values: readonly number[];
  readonly total: number;
}

export interface Plot {
  /** Every day of the range, the first one first. */
  readonly days: readonly string[];
  /** The greatest first. */
  readonly series: readonly Series[];
  /** What all series come to on each day. */
  readonly totals: readonly number[];
}

/** More colours than these cannot be told apart. */
export const MOST_SERIES = 6;

/** The plot of rows over days; a day without rows is 0. */
export function plotOf(rows: readonly UsageRow[], days: readonly string[], group: Group, measure: Measure): Plot {
  const at = new Map(days.map((day, index) => [day, index]));
  const byName = new Map<string | null, number[]>();
  for (const row of rows) {
    const index = at.get(row.day);
    if (index === undefined) continue;
    const name = nameOf(row, group);
    const values = byName.get(name) ?? days.map(() => 0);
    values[index] = (values[index] ?? 0) + valueOf(row, measure);
    byName.set(name, values);
  }
  const series = [...byName].map(([name, values]) => ({ name, values, total: sum(values) }));
  series.sort((one, other) => other.total - one.total || String(one.name).localeCompare(String(other.name)));
  const totals = days.map((_, index) => sum(series.map(({ values }) => values[index] ?? 0)));
  return { days, series: summedUp(series, days), totals };
}

function summedUp(series: readonly Series[], days: readonly string[]): Series[] {
  if (series.length <= MOST_SERIES) return [...series];
  const rest = series.slice(MOST_SERIES - 1);
  const values = days.map((_, index) => sum(rest.map((one) => one.values[index] ?? 0)));
  return [...series.slice(0, MOST_SERIES - 1), { name: null, values, total: sum(values) }];
}

/** The name under which a row is counted. */
export function nameOf(row: UsageRow, group: Group): string | null {
  if (group === 'day') return null;
  // A model and tools composed for one run have no agent.
  return group === 'model' ? row.model : row.kind === 'adhoc' ? '' : row.target;
}

export function valueOf(row: UsageRow, measure: Measure): number {
  if (measure === 'tokens') return row.usage.total_tokens;
  return measure === 'cost' ? row.cost : row.runs;
}

/** One line of the table beside the plot. */
export interface UsageSum {
  readonly name: string | null;
  readonly runs: number;
  readonly input: number;
  readonly output: number;
  readonly cached: number;
  readonly reasoning: number;
  readonly tokens: number;
  readonly cost: number;
}

/** The sums by name, or by day, the greatest by the measure (the latest day) first. */
export function sumsOf(rows: readonly UsageRow[], group: Group, measure: Measure): UsageSum[] {
  const sums = new Map<string | null, UsageSum>();
  for (const row of rows) {
    const name = group === 'day' ? row.day : nameOf(row, group);
    sums.set(name, added(sums.get(name) ?? { ...NOTHING, name }, row));
  }
  const ordered = [...sums.values()];
  if (group === 'day') return ordered.sort((one, other) => String(other.name).localeCompare(String(one.name)));
  return ordered.sort((one, other) => other[measure] - one[measure]);
}

/** All rows together. */
export function totalOf(rows: readonly UsageRow[]): UsageSum {
  return rows.reduce(added, NOTHING);
}

const NOTHING: UsageSum = { name: null, runs: 0, input: 0, output: 0, cached: 0, reasoning: 0, tokens: 0, cost: 0 };

function added(total: UsageSum, { runs, usage, cost }: UsageRow): UsageSum {
  return {
    name: total.name,
    runs: total.runs + runs,
    input: total.input + usage.input_tokens,
    output: total.output + usage.output_tokens,
    cached: total.cached + usage.cached_tokens,
    reasoning: total.reasoning + usage.reasoning_tokens,
    tokens: total.tokens + usage.total_tokens,
    cost: total.cost + cost,
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
