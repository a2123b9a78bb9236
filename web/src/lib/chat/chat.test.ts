import { beforeEach, describe, expect, it, vi } from 'vitest';

import type { AssistantTurn } from '$lib/stream/conversation';

import { fileName, segmentsOf, textOf } from './chips';
import { groupOf, rowsOf } from './days';
import { emptyDraft, keepDraft, readDraft } from './drafts';
import { candidates } from './made';
import { base64, wav } from './recorder';
import { saidBefore } from './said';

describe('text with files', () => {
  it.each([
    ['Look at <file>a/b c.md</file> please', [{ text: 'Look at ' }, { file: 'a/b c.md' }, { text: ' please' }]],
    ['<file>x</file><file>y</file>', [{ file: 'x' }, { file: 'y' }]],
    ['a < b <file> </file> c', [{ text: 'a < b <file> </file> c' }]],
  ])('is cut into chips and put together again: %s', (text, segments) => {
    expect(segmentsOf(text)).toEqual(segments);
    expect(textOf(segmentsOf(text))).toBe(text);
  });

  it('names a file by its last part', () => {
    expect(['/a/b.md', 'b.md', 'a/b/', '/'].map(fileName)).toEqual(['b.md', 'b.md', 'b', '/']);
  });
});

describe('days', () => {
  const now = new Date(2026, 10, 28, 0, 30);
  const at = (...date: [number, number, number, number]) => new Date(...date).toISOString();

  it.each([
    [at(2026, 10, 28, 0), 'today'],
    [at(2026, 10, 27, 23), 'yesterday'],
    [at(2026, 10, 22, 12), 'week'],
    [at(2026, 10, 21, 12), { month: '2026-11-01' }],
    [at(2025, 0, 31, 12), { month: '2025-01-01' }],
    // A clock of the service that is ahead.
    [at(2026, 10, 29, 12), 'today'],
  ])('%s is under %s', (time, group) => expect(groupOf(time, now)).toEqual(group));

  it('have each heading once, and pinned ones first', () => {
    const entry = (id: string, lastAt: string, pinned = false) => ({ id, lastAt, pinned });
    const [one, two, old] = [
      entry('one', at(2026, 10, 28, 0)),
      entry('two', at(2026, 10, 27, 23)),
      entry('old', at(2024, 1, 1, 1), true),
    ];
    expect(rowsOf([one, two, old], now)).toEqual([
      { heading: 'pinned' },
      { entry: old },
      { heading: 'today' },
      { entry: one },
      { heading: 'yesterday' },
      { entry: two },
    ]);
  });
});

describe('drafts', () => {
  beforeEach(() => localStorage.clear());

  it('are kept by conversation, and gone when they are empty', () => {
    keepDraft('one', { text: 'words', images: ['data:a'] });
    expect(readDraft('one')).toEqual({ text: 'words', images: ['data:a'] });
    expect(readDraft('two')).toEqual(emptyDraft());
    keepDraft('one', { text: '  ', images: [] });
    expect(localStorage.length).toBe(0);
  });

  it('keep their words where there is no room for images', () => {
    const kept = new Map<string, string>();
    const setItem = (key: string, value: string) => {
      if (value.length > 35) throw new DOMException('', 'QuotaExceededError');
      kept.set(key, value);
    };
    vi.stubGlobal('localStorage', { setItem, getItem: (key: string) => kept.get(key) ?? null });
    keepDraft('one', { text: 'words', images: ['data:large'] });
    expect(readDraft('one')).toEqual({ text: 'words', images: [] });
    vi.unstubAllGlobals();
  });

  it('are empty where something else was stored', () => {
    localStorage.setItem('draft:one', '{broken');
    expect(readDraft('one')).toEqual(emptyDraft());
  });
});

it('files that an answer may have made are those that it wrote, and those that it names', () => {
  const call = { kind: 'call', key: '', step: 1, attempts: 1, name: 'write_file', status: 'completed' } as const;
  const child = { parts: [{ kind: 'text', key: '', step: 1, text: 'See `out/b.csv`.', streaming: false }] };
  const parts = [
    { ...call, input: '{"path": "./a.md", "content": ""}' },
    { ...call, input: '{"path": "no.md"}', status: 'failed' },
    { ...call, input: 'broken' },
    { ...call, name: 'writer', input: '{}', child },
    { kind: 'text', key: '', step: 2, text: 'I wrote `a.md`, ran `make all`, and `v1.2`.', streaming: false },
  ];
  expect(candidates({ parts } as unknown as AssistantTurn)).toEqual(['a.md', 'out/b.csv', 'v1.2']);
});

it('a recording is WAV of sixteen bits', () => {
  const bytes = wav(new Float32Array([0, 1, -1, 2]));
  const view = new DataView(bytes.buffer);
  expect(base64(bytes).startsWith('UklGR')).toBe(true);
  expect([view.getUint32(40, true), view.getInt16(44, true), view.getInt16(46, true), view.getInt16(50, true)]).toEqual(
    [8, 0, 32_767, 32_767],
  );
});

it('what was said comes back once, the latest last', () => {
  const said = (text: string) => ({ kind: 'user', key: text, text, images: [], state: 'sent' }) as const;
  expect(saidBefore([said('a'), said('a'), said(''), said('b'), said('a')])).toEqual(['a', 'b', 'a']);
});
