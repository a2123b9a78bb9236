import { describe, expect, it } from 'vitest';

import { filterOf, isFiltered, queryOf, refreshed } from './filter';

const run = (id: string, updated: number) => ({
  id,
  updated_at: new Date(updated).toISOString(),
});

const asked = (time: string, now: Date) => queryOf(filterOf({ time }), now);
const at = (day: number, hour = 0, minute = 0) => new Date(2026, 2, day, hour, minute);

describe('the filter of runs', () => {
  it('comes from the address and asks the service for what it has only', () => {
    const filter = filterOf({ status: 'failed', target: 'writer' });
    expect(queryOf(filter, at(2))).toEqual({ status: 'failed', target: 'writer' });
    expect(isFiltered(filter)).toBe(true);
  });

  it('knows the windows of time that it offers', () => {
    expect(isFiltered(filterOf({ time: 'week' }))).toBe(true);
    expect(isFiltered(filterOf({ time: 'for ever' }))).toBe(false);
    expect(asked('for ever', at(2))).toEqual({});
  });

  it.each([
    ['hour', 1],
    ['day', 24],
    ['week', 168],
    ['month', 720],
  ])('asks for what began within the last %s', (window, hours) => {
    const now = new Date('2026-03-31T10:20:30.456Z');
    expect(asked(window, now)).toEqual({ since: new Date(now.getTime() - hours * 3_600_000).toISOString() });
  });

  it("asks for the reader's own days from midnight to midnight", () => {
    const now = at(1, 15, 30);
    expect(asked('today', now)).toEqual({ since: at(1).toISOString() });
    expect(asked('yesterday', now)).toEqual({ since: new Date(2026, 1, 28).toISOString(), until: at(1).toISOString() });
  });

  it('asks for a whole day also where the clocks were changed', () => {
    const zone = process.env.TZ;
    process.env.TZ = 'Europe/Berlin';
    try {
      expect(asked('yesterday', new Date('2026-03-30T08:00:00Z'))).toEqual({
        since: '2026-03-28T23:00:00.000Z',
        until: '2026-03-29T22:00:00.000Z',
      });
    } finally {
      if (zone === undefined) delete process.env.TZ;
      else process.env.TZ = zone;
    }
  });
});

describe('a list that is read again', () => {
  it('takes new and changed runs and keeps those of older pages', () => {
    const shown = [run('d', 4), run('c', 3), run('b', 2), run('a', 1)];
    const page = [run('e', 5), run('d', 9), run('c', 3)];
    const after = refreshed(shown, page, true);
    expect(after.map(({ id }) => id)).toEqual(['e', 'd', 'c', 'b', 'a']);
    expect(after[1]).not.toBe(shown[0]);
    expect(after[2]).toBe(shown[1]);
  });

  it('forgets what is not there any more', () => {
    expect(refreshed([run('b', 2), run('a', 1)], [run('b', 2)], false)).toHaveLength(1);
  });
});
