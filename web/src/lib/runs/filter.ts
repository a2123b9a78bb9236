// The filters of the list of runs: as the address has them, as the service takes them, and what only the page knows.
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
export const TIMES = ['', 'hour', 'day', 'week', 'month'] as const;
export type TimeWindow = (typeof TIMES)[number];

const HOUR = 3_600_000;
const LENGTHS: Record<Exclude<TimeWindow, ''>, number> = {
  hour: HOUR,
  day: 24 * HOUR,
  week: 168 * HOUR,
  month: 720 * HOUR,
};

/** The filter in a page's address; what it does not know filters nothing. */
export function filterOf(query: Record<string, string>): RunFilter {
  const { status = '', kind = '', target = '', session = '', time = '' } = query;
  return { status, kind, target, session, time: TIMES.find((known) => known === time) ?? '' };
}

/** The first moment of a window, in milliseconds; null for all time. */
export function since(window: TimeWindow, now: number): number | null {
  return window === '' ? null : now - LENGTHS[window];
}

/** What the service is asked; it ignores nothing, so that empty fields are left out. */
export function queryOf(filter: RunFilter): Record<string, string> {
  const { status, kind, target, session } = filter;
  return Object.fromEntries(Object.entries({ status, kind, target, session }).filter(([, value]) => value !== ''));
}

export function isFiltered(filter: RunFilter): boolean {
  return filter.time !== '' || Object.keys(queryOf(filter)).length > 0;
}

type Run = Pick<Schemas['RunSummary'], 'id' | 'created_at' | 'updated_at'>;

/** Runs come newest first: from the first that is too old on, none is wanted. */
export function within<R extends Run>(runs: readonly R[], from: number | null): { runs: R[]; over: boolean } {
  if (from === null) return { runs: [...runs], over: false };
  const end = runs.findIndex((run) => Date.parse(run.created_at) < from);
  return end === -1 ? { runs: [...runs], over: false } : { runs: runs.slice(0, end), over: true };
}

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
