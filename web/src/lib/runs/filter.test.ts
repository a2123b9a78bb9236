import { describe, expect, it } from 'vitest';

import { filterOf, isFiltered, queryOf, refreshed, since, within } from './filter';

const run = (id: string, created: number, updated = created) => ({
  id,
  created_at: new Date(created).toISOString(),
  updated_at: new Date(updated).toISOString(),
});

describe('the filter of runs', () => {
  it('comes from the address and asks the service for what it has only', () => {
    const filter = filterOf({ status: 'failed', target: 'writer', time: 'day' });
    expect(queryOf(filter)).toEqual({ status: 'failed', target: 'writer' });
    expect(isFiltered(filter)).toBe(true);
    expect(isFiltered(filterOf({ time: 'for ever' }))).toBe(false);
  });

  it('knows where a window of time begins', () => {
    expect(since('hour', 10_000_000)).toBe(6_400_000);
    expect(since('', 10_000_000)).toBeNull();
  });

  it('ends at the first run that is too old', () => {
    const runs = [run('c', 30), run('b', 20), run('a', 10)];
    expect(within(runs, 15)).toEqual({ runs: runs.slice(0, 2), over: true });
    expect(within(runs, null)).toEqual({ runs, over: false });
  });
});

describe('a list that is read again', () => {
  it('takes new and changed runs and keeps those of older pages', () => {
    const shown = [run('d', 4), run('c', 3), run('b', 2), run('a', 1)];
    const page = [run('e', 5), run('d', 4, 9), run('c', 3)];
    const after = refreshed(shown, page, true);
    expect(after.map(({ id }) => id)).toEqual(['e', 'd', 'c', 'b', 'a']);
    expect(after[1]).not.toBe(shown[0]);
    expect(after[2]).toBe(shown[1]);
  });

  it('forgets what is not there any more', () => {
    expect(refreshed([run('b', 2), run('a', 1)], [run('b', 2)], false)).toHaveLength(1);
  });
});
