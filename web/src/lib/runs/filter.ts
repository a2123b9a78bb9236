// The filters of the list of runs: as the address has them, and as the service takes them.
import type { Schemas } from '$lib/api/client';

/** Empty texts filter nothing. */
export interface RunFilter {
  readonly status: string;
  readonly kind: string;
  readonly target: string;
  readonly session: string;
  readonly time: TimeWindow;
}

export const STATUSES = ['draft', 'queued', 'running', 'waiting', 'completed', 'failed', 'cancelled'] as const;
export const KINDS = ['agent', 'adhoc', 'team', 'workflow', 'skill'] as const;
export const TIMES = ['', 'hour', 'today', 'yesterday', 'day', 'week', 'month'] as const;
export type TimeWindow = (typeof TIMES)[number];

const HOUR = 3_600_000;

/** The filter in a page's address; what it does not know filters nothing. */
export function filterOf(query: Record<string, string>): RunFilter {
  const { status = '', kind = '', target = '', session = '', time = '' } = query;
  return { status, kind, target, session, time: TIMES.find((known) => known === time) ?? '' };
}

/** What the service is asked; it ignores nothing, so that empty fields are left out. */
export function queryOf(filter: RunFilter, now: Date): Record<string, string> {
  const { status, kind, target, session, time } = filter;
  const { since, until } = spanOf(time, now);
  const fields = { status, kind, target, session, since: since?.toISOString(), until: until?.toISOString() };
  return Object.fromEntries(Object.entries(fields).filter((field): field is [string, string] => Boolean(field[1])));
}

/** From when on, and before when. Days are those of whoever looks: the service knows no time zone but UTC. */
function spanOf(window: TimeWindow, now: Date): { since?: Date; until?: Date } {
  const ago = (hours: number) => ({ since: new Date(now.getTime() - hours * HOUR) });
  // By the calendar, because a day in which clocks are changed has no 24 hours.
  const midnight = (days: number) => new Date(now.getFullYear(), now.getMonth(), now.getDate() + days);
  switch (window) {
    case '':
      return {};
    case 'hour':
      return ago(1);
    case 'today':
      return { since: midnight(0) };
    case 'yesterday':
      return { since: midnight(-1), until: midnight(0) };
    case 'day':
      return ago(24);
    case 'week':
      return ago(7 * 24);
    case 'month':
      return ago(30 * 24);
  }
}

export function isFiltered(filter: RunFilter): boolean {
  return Object.values(filter).some((value) => value !== '');
}

type Run = Pick<Schemas['RunSummary'], 'id' | 'updated_at'>;

/** A newer first page put over what is shown: newer runs in front, changed ones in place, gone ones left out. */
export function refreshed<R extends Run>(shown: readonly R[], page: readonly R[], wholePage: boolean): R[] {
  const oldest = page.at(-1)?.id;
  // Ids sort by time: what is older than the page's last was not asked for again.
  const rest = wholePage && oldest !== undefined ? shown.filter((run) => run.id < oldest) : [];
  const known = new Map(shown.map((run) => [run.id, run]));
  const kept = page.map((run) => {
    const before = known.get(run.id);
    return before?.updated_at === run.updated_at ? before : run;
  });
  return [...kept, ...rest];
}
