// A range of days, both ends included. Days are UTC's, as the service counts them.

const DAY = 86_400_000;

export interface DayRange {
  /** `2026-04-21`. */
  readonly from: string;
  readonly to: string;
}

export const PRESETS = [7, 30, 90] as const;

/** Plots of more days than these are neither read nor drawn. */
const MOST_DAYS = 366;

export function dayOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString().slice(0, 10);
}

/** The last days, today included. */
export function lastDays(count: number, now: number): DayRange {
  return { from: dayOf(now - (count - 1) * DAY), to: dayOf(now) };
}

/** The range in an address; the last 30 days where it has none, or none that can be. */
export function rangeOf(query: Record<string, string>, now: number): DayRange {
  const { from, to } = query;
  if (from === undefined || to === undefined || !isDay(from) || !isDay(to) || from > to) return lastDays(30, now);
  return { from, to };
}

function isDay(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text)) && dayOf(Date.parse(text)) === text;
}

/** Every day of a range; at most a year of them, the last ones. */
export function daysOf({ from, to }: DayRange): string[] {
  const last = Date.parse(to);
  const count = Math.min(MOST_DAYS, Math.round((last - Date.parse(from)) / DAY) + 1);
  return Array.from({ length: Math.max(0, count) }, (_, index) => dayOf(last - (count - 1 - index) * DAY));
}

/** What the service is asked: its end is not included. */
export function bounds(range: DayRange): { since: string; until: string } {
  return { since: `${range.from}T00:00:00Z`, until: `${dayOf(Date.parse(range.to) + DAY)}T00:00:00Z` };
}

/** The preset that a range is, if it is one. */
export function presetOf(range: DayRange, now: number): number | null {
  return PRESETS.find((count) => sameRange(lastDays(count, now), range)) ?? null;
}

function sameRange(one: DayRange, other: DayRange): boolean {
  return one.from === other.from && one.to === other.to;
}
