/** Puts conversations into groups by day, as a person would name it. */

/** `month` groups carry their first day. */
export type DayGroup = 'pinned' | 'today' | 'yesterday' | 'week' | { month: string };

/** The group of a time (UTC without a zone), looked at from `now`, both in the reader's own days. */
export function groupOf(at: string, now: Date): DayGroup {
  const time = new Date(at.endsWith('Z') ? at : `${at}Z`);
  const days = Math.round((startOfDay(now) - startOfDay(time)) / 86_400_000);
  if (days <= 0) return 'today';
  if (days === 1) return 'yesterday';
  if (days < 7) return 'week';
  return { month: `${time.getFullYear()}-${String(time.getMonth() + 1).padStart(2, '0')}-01` };
}

export function groupKey(group: DayGroup): string {
  return typeof group === 'string' ? group : group.month;
}

function startOfDay(time: Date): number {
  return new Date(time.getFullYear(), time.getMonth(), time.getDate()).getTime();
}

export type Row<Entry> = { heading: DayGroup } | { entry: Entry };

/** Headings and entries in one list: pinned ones first, then by day; entries come with the latest first. */
export function rowsOf<Entry extends { pinned: boolean; lastAt: string }>(
  entries: readonly Entry[],
  now: Date,
): Row<Entry>[] {
  const rows: Row<Entry>[] = [];
  let last = '';
  const add = (group: DayGroup, entry: Entry) => {
    if (groupKey(group) !== last) rows.push({ heading: group });
    last = groupKey(group);
    rows.push({ entry });
  };
  for (const entry of entries) if (entry.pinned) add('pinned', entry);
  for (const entry of entries) if (!entry.pinned) add(groupOf(entry.lastAt, now), entry);
  return rows;
}
