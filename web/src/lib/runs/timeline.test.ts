import { describe, expect, it } from 'vitest';

import { eventsOf, session, wire } from '$lib/stream/recorded';
import { begin, reduceAll } from '$lib/stream/reduce';

import { barOf, durationOf, spanOf, timelineOf, type TimelineRow } from './timeline';

function rowsOf(name: string, folded?: ReadonlySet<string>): TimelineRow[] {
  const fold = reduceAll(begin(session(name).run.id), eventsOf(wire(name)));
  return timelineOf(fold.turn, folded);
}

const shape = (rows: TimelineRow[]) => rows.map((row) => `${'  '.repeat(row.depth)}${row.kind}`);

describe('the timeline of a run', () => {
  it('has each model call, and its tools behind it', () => {
    const kinds = shape(rowsOf('tools'));
    expect(kinds[0]).toBe('model');
    expect(kinds).toContain('tool');
    expect(kinds.at(-1)).toBe('model');
  });

  it('nests what sub-agents do, and folds it', () => {
    const rows = rowsOf('delegates');
    const delegate = rows.find((row) => row.kind === 'delegate');
    expect(delegate?.kind === 'delegate' && delegate.within).toBeGreaterThan(0);
    expect(shape(rows)).toContain('  model');
    const folded = rowsOf('delegates', new Set([delegate?.key ?? '']));
    expect(folded.every((row) => !row.key.startsWith(`${delegate?.key}/`))).toBe(true);
    expect(folded.length).toBeLessThan(rows.length);
  });

  it('has keys that are each their own', () => {
    for (const name of ['tools', 'delegates', 'retried', 'restarted', 'approved']) {
      const keys = rowsOf(name).map((row) => row.key);
      expect(new Set(keys).size).toBe(keys.length);
    }
  });

  it('tells what happened in between', () => {
    expect(rowsOf('retried').some((row) => row.kind === 'notice' && row.notice.type === 'attempt-failed')).toBe(true);
  });

  it('puts every bar within the whole', () => {
    for (const name of ['tools', 'delegates', 'approved', 'cancelled']) {
      const rows = rowsOf(name);
      const now = Date.parse('2030-01-01T00:00:00Z');
      const span = spanOf(rows, now);
      for (const row of rows) {
        const bar = barOf(row, span, now);
        if (bar === null) continue;
        expect(bar.left).toBeGreaterThanOrEqual(0);
        expect(bar.left + bar.width).toBeLessThanOrEqual(100.001);
      }
    }
  });
});

describe('a row that goes on', () => {
  const row: TimelineRow = {
    kind: 'notice',
    key: 'n',
    depth: 0,
    start: 1000,
    end: null,
    notice: { type: 'restarted' },
  };

  it('ends now', () => {
    expect(spanOf([row], 3000)).toEqual({ start: 1000, end: 3000 });
    expect(durationOf(row, 3000)).toBe(2000);
    expect(barOf(row, { start: 1000, end: 5000 }, 3000)).toEqual({ left: 0, width: 50 });
  });

  it('has no bar before it began', () => {
    expect(barOf({ ...row, start: null }, { start: 0, end: 1 }, 3000)).toBeNull();
    expect(spanOf([], 3000)).toEqual({ start: 3000, end: 3000 });
  });
});
