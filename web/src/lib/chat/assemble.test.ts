import { describe, expect, it } from 'vitest';

import type { UserTurn } from '$lib/stream/conversation';
import { turnsOf } from '$lib/stream/history';
import { eventsOf, session, wire } from '$lib/stream/recorded';
import { begin, reduceAll } from '$lib/stream/reduce';

import { assemble, type Sources } from './assemble';

const { run, messages } = session('tools');
const events = eventsOf(wire('tools'));
const fold = (count = events.length) => reduceAll(begin(run.id), events.slice(0, count));
const nothing: Sources = { stored: [], folds: [], sent: new Map(), made: new Map(), sending: [] };
const kinds = (sources: Partial<Sources>) => assemble({ ...nothing, ...sources }).map((turn) => turn.kind);

describe('a conversation', () => {
  const stored = turnsOf(messages, [run]);

  it('shows a run once, whether its turns are stored already or not', () => {
    for (const folds of [[], [fold()]]) expect(kinds({ stored, folds })).toEqual(['user', 'assistant']);
    expect(kinds({ folds: [fold()] })).toEqual(['user', 'assistant']);
    // The question is stored when the run begins, the answer when it ends.
    expect(kinds({ stored: stored.slice(0, 1), folds: [fold(9)] })).toEqual(['user', 'assistant']);
  });

  it('has the same keys live and stored, so that nothing is drawn anew', () => {
    const keys = (sources: Partial<Sources>) => assemble({ ...nothing, ...sources }).map((turn) => turn.key);
    expect(keys({ folds: [fold()] })).toEqual(keys({ stored }));
    expect(keys({ folds: [fold(9)] })).toEqual(keys({ stored, folds: [fold()] }));
  });

  it('shows the question alone while the run waits in the queue', () => {
    const [question] = assemble({ ...nothing, folds: [fold(1)] });
    expect(kinds({ folds: [fold(1)] })).toEqual(['user']);
    expect(question).toMatchObject({ state: 'queued', text: 'Use two tools, please', runId: run.id });
  });

  it('shows what was sent from here with its images, which events do not tell', () => {
    const sent: UserTurn = { kind: 'user', key: 'sending:1', text: 'Look', images: ['data:'], state: 'sending' };
    const turns = assemble({ ...nothing, folds: [fold(4)], sent: new Map([[run.id, sent]]) });
    expect(turns[0]).toMatchObject({ text: 'Look', images: ['data:'], state: 'sent', runId: run.id });
    expect(kinds({ stored, sending: [sent] })).toEqual(['user', 'assistant', 'user']);
  });

  it('shows nothing of a run that was taken back before it began', () => {
    const cancelled = reduceAll(fold(1), [
      { ...events.at(-1), type: 'run_finished', status: 'cancelled', by: 'the user' } as never,
    ]);
    expect(kinds({ stored, folds: [cancelled] })).toEqual(['user', 'assistant']);
    expect(kinds({ folds: [cancelled] })).toEqual([]);
  });

  it('names the files that a run made', () => {
    const file = { name: 'a.md', path: '/w/a.md', size: 3 };
    const [, answer] = assemble({ ...nothing, stored, made: new Map([[run.id, [file]]]) });
    expect(answer).toMatchObject({ files: [file] });
  });
});
