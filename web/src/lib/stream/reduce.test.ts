import { describe, expect, it } from 'vitest';

import { waitingCalls, wordsOf, type AssistantTurn, type CallPart, type Part } from './conversation';
import { turnsOf } from './history';
import { eventsOf, names, session, wire } from './recorded';
import { begin, reduce, reduceAll, type RunFold } from './reduce';

const live = (name: string) => eventsOf(wire(name));
const fold = (name: string) => reduceAll(begin(session(name).run.id), live(name));
const calls = (turn: { parts: readonly Part[] }) => turn.parts.filter((part): part is CallPart => part.kind === 'call');

/** What both events and stored turns tell. */
function essence(turn: AssistantTurn): unknown {
  const round = ({ step, usage, durationMs, firstTokenMs, finishReason: _ }: AssistantTurn['rounds'][number]) => {
    const { input, output, total } = usage.tokens;
    return { step, input, output, total, durationMs, firstTokenMs };
  };
  const part = (part: Part) => {
    if (part.kind !== 'call') return part;
    const { key, name, output, status } = part;
    const failed = status === 'rejected' ? 'failed' : status;
    return { key, name, status: failed, content: output?.content, isError: output?.content.startsWith('Error: ') };
  };
  const { key, agent, runId, depth, status, parts, rounds, usage, ending, finishedAt } = turn;
  const said = parts.filter((part) => part.kind !== 'notice').map(part);
  // A round that was broken off has no statistics in the session.
  const whole = rounds.filter((round) => round.durationMs !== undefined).map(round);
  return { key, agent, runId, depth, status, said, whole, usage, ending, finishedAt };
}

describe('a recorded run', () => {
  it.each(names)('is the same replayed as it was live: %s', (name) => {
    const replayed = reduceAll(begin(session(name).run.id), eventsOf(wire(`${name}.replayed`)));
    expect(replayed.turn).toEqual(fold(name).turn);
  });

  it.each(names)('is over in the end, with nothing left open: %s', (name) => {
    const { turn } = fold(name);
    expect(turn.status).toBe(session(name).run.status);
    expect(JSON.stringify(turn)).not.toContain('"streaming":true');
    expect(waitingCalls(turn)).toEqual([]);
  });

  it.each(names.filter((name) => session(name).messages.length > 0))('is the same as the stored turns: %s', (name) => {
    const { run, messages } = session(name);
    const stored = turnsOf(messages, [run]).filter((turn) => turn.kind === 'assistant');
    expect(stored.map(essence)).toEqual([essence(fold(name).turn)]);
  });

  it.each(names)('costs what the service says: %s', (name) => {
    const { run } = session(name);
    const { usage } = fold(name).turn;
    expect([usage.cost, usage.tokens.total]).toEqual([run.cost, run.usage.total_tokens]);
  });

  it.each(names)('keeps what an event does not change: %s', (name) => {
    let before: RunFold = begin(session(name).run.id);
    for (const event of live(name)) {
      const frozen = JSON.stringify(before);
      const after = reduce(before, event);
      expect(JSON.stringify(before)).toBe(frozen);
      const same = after.turn.parts.filter((part) => before.turn.parts.includes(part)).length;
      // One part may be put in or changed at a time, but for the end of words, of a message and of the run.
      const whole = ['message', 'run_finished', 'step_restarted', 'attempt_failed'].includes(event.type);
      if (!whole) expect(same).toBeGreaterThanOrEqual(before.turn.parts.length - 2);
      before = after;
    }
  });
});

describe('an answer', () => {
  it('has thinking, then words', () => {
    const { parts, rounds } = fold('plain').turn;
    expect(parts.map((part) => [part.kind, part.key])).toEqual([
      ['thinking', '1:thinking'],
      ['text', '1:text'],
    ]);
    expect(rounds).toMatchObject([{ step: 1, model: 'default', finishReason: 'stop' }]);
  });

  it('shows calls with what went in and what came out', () => {
    const { turn } = fold('tools');
    expect(calls(turn)).toMatchObject([
      { name: 'greet', input: '{"name":"Grace"}', status: 'completed', output: { content: 'Hello, Grace!' } },
      { name: 'bash', input: '{"command":"echo out; exit 3"}', output: { content: 'Exit code 3\nout' } },
    ]);
    expect(calls(turn).every((call) => call.durationMs !== undefined && call.startedAt && call.finishedAt)).toBe(true);
    expect(wordsOf(turn)).toBe('I do both.\n\nBoth are done.');
  });

  it('nests the work of sub-agents', () => {
    const [writer] = calls(fold('delegates').turn);
    expect(writer).toMatchObject({ name: 'writer', status: 'completed', child: { agent: 'writer', depth: 1 } });
    const [checker] = calls(writer?.child ?? { parts: [] });
    expect(checker).toMatchObject({ name: 'checker', child: { agent: 'checker', depth: 2, status: 'completed' } });
    expect(wordsOf(checker?.child as AssistantTurn)).toBe('Nothing is wrong.');
  });

  it('waits for a person, and takes the arguments that they edited', () => {
    const events = live('approved');
    const asked = events.findIndex((event) => event.type === 'approval_requested');
    const { turn } = reduceAll(begin(session('approved').run.id), events.slice(0, asked + 1));
    expect(turn.status).toBe('waiting');
    expect(waitingCalls(turn)).toMatchObject([{ name: 'greet', status: 'approval', input: '{"name":"Ada"}' }]);
    const [call] = calls(fold('approved').turn);
    expect(call).toMatchObject({ input: '{"name":"Grace"}', output: { content: 'Hello, Grace!' } });
    expect(call?.approval?.decision).toMatchObject({ approved: true, arguments: '{"name":"Grace"}' });
  });

  it('says that a person refused', () => {
    const [call] = calls(fold('rejected').turn);
    expect(call).toMatchObject({ status: 'rejected', approval: { decision: { approved: false } } });
  });

  it('says which limit it came to, once', () => {
    const { turn } = fold('limited');
    expect(turn.ending).toMatchObject({ status: 'completed', limit: 'tool_rounds' });
    expect(turn.parts.some((part) => part.kind === 'notice')).toBe(false);
  });

  it('tells of an attempt that failed before the one that did not', () => {
    const { turn } = fold('retried');
    expect(turn.parts[0]).toMatchObject({ kind: 'notice', notice: { type: 'attempt-failed', code: '503' } });
    expect(turn.status).toBe('completed');
  });

  it('keeps what was said before the model broke off', () => {
    const { turn } = fold('broken');
    expect(turn.parts).toMatchObject([{ kind: 'text', text: 'One two ', partial: true }]);
    expect(turn.ending?.message).toContain('The model broke off');
  });

  it('is not said twice when the service was killed in the middle', () => {
    const { turn } = fold('restarted');
    expect(turn.parts[0]).toMatchObject({ kind: 'notice', notice: { type: 'restarted' } });
    expect(wordsOf(turn).match(/One after the other/g)).toHaveLength(1);
    expect(wordsOf(turn)).toMatch(/which it is now\.$/);
  });

  it('asks the caller for the result of a tool of its own', () => {
    const events = live('input');
    const asked = events.findIndex((event) => event.type === 'input_required');
    const { turn } = reduceAll(begin(session('input').run.id), events.slice(0, asked + 1));
    expect(waitingCalls(turn)).toMatchObject([{ name: 'where', status: 'input' }]);
    expect(calls(fold('input').turn)[0]?.output?.content).toContain('Oslo');
  });
});

describe('stored turns', () => {
  it('have keys of their own, also where a run was given answers, or is told as begun too late', () => {
    const { run, messages } = session('plain');
    const turns = turnsOf([...messages, ...messages], [run]);
    expect(turns).toHaveLength(4);
    expect(new Set(turns.map((turn) => turn.key)).size).toBe(4);
    expect(turns.map((turn) => ('runId' in turn ? turn.runId : ''))).toEqual([run.id, undefined, run.id, run.id]);
  });

  it('are shown without what their runs tell where those are not known', () => {
    const { messages } = session('refused');
    expect(turnsOf(messages, [])).toMatchObject([
      { kind: 'user', text: 'Please refuse', state: 'sent' },
      { kind: 'assistant', status: 'failed', parts: [], ending: { message: expect.stringContaining('refuses this') } },
    ]);
  });
});
