import { describe, expect, it } from 'vitest';

import { bounds, dayOf, daysOf, lastDays, presetOf, rangeOf } from './range';
import { labelled, ticksOf } from './scale';
import { MOST_SERIES, plotOf, sumsOf, totalOf, type UsageRow } from './series';

const tokens = (total: number) => ({
  input_tokens: total - 1,
  output_tokens: 1,
  total_tokens: total,
  cached_tokens: 0,
  cache_write_tokens: 0,
  reasoning_tokens: 0,
  estimated: false,
});

const row = (day: string, target: string, model: string, total: number): UsageRow => ({
  day,
  kind: target === '' ? 'adhoc' : 'agent',
  target: target === '' ? model : target,
  model,
  runs: 1,
  usage: tokens(total),
  cost: total * 10,
});

const rows = [
  row('2026-04-21', 'writer', 'small', 10),
  row('2026-04-21', 'planner', 'large', 30),
  row('2026-04-23', 'writer', 'large', 5),
  row('2026-04-23', '', 'small', 2),
];
const days = daysOf({ from: '2026-04-21', to: '2026-04-23' });

describe('a plot of usage', () => {
  it('has one series a model, the greatest first, and a 0 where nothing was used', () => {
    expect(plotOf(rows, days, 'model', 'tokens')).toEqual({
      days,
      series: [
        { name: 'large', values: [30, 0, 5], total: 35 },
        { name: 'small', values: [10, 0, 2], total: 12 },
      ],
      totals: [40, 0, 7],
    });
  });

  it('counts what ran without an agent under no name', () => {
    const names = plotOf(rows, days, 'agent', 'cost').series.map((series) => series.name);
    expect(names).toEqual(['planner', 'writer', '']);
  });

  it('sums up what is too much to tell apart', () => {
    const many = Array.from({ length: 9 }, (_, at) => row('2026-04-22', `agent-${at}`, 'small', 100 - at));
    const { series, totals } = plotOf(many, days, 'agent', 'runs');
    expect(series).toHaveLength(MOST_SERIES);
    expect(series.at(-1)).toEqual({ name: null, values: [0, 4, 0], total: 4 });
    expect(totals).toEqual([0, 9, 0]);
  });

  it('leaves out what is not of its days', () => {
    expect(plotOf(rows, ['2026-04-23'], 'day', 'runs').series).toEqual([{ name: null, values: [2], total: 2 }]);
  });
});

describe('sums', () => {
  it('are by name, the greatest first', () => {
    expect(sumsOf(rows, 'agent', 'tokens').map(({ name, tokens }) => [name, tokens])).toEqual([
      ['planner', 30],
      ['writer', 15],
      ['', 2],
    ]);
    expect(sumsOf(rows, 'agent', 'runs').map(({ name, runs }) => [name, runs])).toEqual([
      ['writer', 2],
      ['planner', 1],
      ['', 1],
    ]);
  });

  it('are by day, the latest first', () => {
    expect(sumsOf(rows, 'day', 'tokens').map(({ name, runs }) => [name, runs])).toEqual([
      ['2026-04-23', 2],
      ['2026-04-21', 2],
    ]);
  });

  it('come to the same total', () => {
    expect(totalOf(rows)).toMatchObject({ tokens: 47, runs: 4, cost: 470, input: 43, output: 4 });
  });
});

describe('a range of days', () => {
  const now = Date.parse('2026-04-23T15:00:00Z');

  it('is the last thirty where the address says none that can be', () => {
    expect(rangeOf({}, now)).toEqual({ from: '2026-03-25', to: '2026-04-23' });
    expect(rangeOf({ from: '2026-02-30', to: '2026-04-23' }, now)).toEqual(lastDays(30, now));
    expect(rangeOf({ from: '2026-04-23', to: '2026-04-21' }, now)).toEqual(lastDays(30, now));
    expect(rangeOf({ from: '2026-04-01', to: '2026-04-02' }, now)).toEqual({ from: '2026-04-01', to: '2026-04-02' });
  });

  it('includes both of its ends', () => {
    expect(days).toEqual(['2026-04-21', '2026-04-22', '2026-04-23']);
    expect(bounds({ from: '2026-04-21', to: '2026-04-23' })).toEqual({
      since: '2026-04-21T00:00:00Z',
      until: '2026-04-24T00:00:00Z',
    });
  });

  it('is never more than a year', () => {
    expect(daysOf({ from: '2001-01-01', to: '2026-04-23' })).toHaveLength(366);
  });

  it('knows which preset it is', () => {
    expect(presetOf(lastDays(7, now), now)).toBe(7);
    expect(presetOf({ from: '2026-04-01', to: dayOf(now) }, now)).toBeNull();
  });
});

describe('a scale', () => {
  it.each([
    [0, [0, 1]],
    [4, [0, 1, 2, 3, 4]],
    [7, [0, 2, 4, 6, 8]],
    [1000, [0, 250, 500, 750, 1000]],
    [0.003, [0, 0.001, 0.002, 0.003]],
  ])('to %f has the lines %j', (greatest, ticks) => expect(ticksOf(greatest)).toEqual(ticks));

  it('shows as many labels as there is room for, the last always', () => {
    const shown = labelled(30, 300, 50);
    const indices = Array.from({ length: 30 }, (_, index) => index).filter(shown);
    expect(indices.length).toBeLessThanOrEqual(6);
    expect(indices.at(-1)).toBe(29);
  });
});
