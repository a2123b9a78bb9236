/** The end of a run: nothing streams any more, and what the ending says is not said twice. */
import type { AgentRun, Ending, Part } from '../conversation';
import { ending, tokens, type EventOf } from '../event';
import { isWords, mapParts } from '../parts';

export function finished<Run extends AgentRun>(run: Run, event: EventOf<'run_finished'>): Run {
  const end = ending(event);
  const closed = mapParts(run, (part) => (isSaidBy(end, part) ? null : settled(part)));
  return {
    ...closed,
    status: end.status,
    ending: end,
    finishedAt: event.at ?? undefined,
    usage: { tokens: tokens(event.usage), cost: event.cost },
  };
}

/** A part of a run that is over. */
export function settled(part: Part): Part {
  if (isWords(part)) return part.streaming ? { ...part, streaming: false } : part;
  if (part.kind === 'call' && part.output === undefined && part.status !== 'rejected') {
    return { ...part, status: 'cancelled' };
  }
  return part;
}

function isSaidBy(end: Ending, part: Part): boolean {
  if (part.kind !== 'notice') return false;
  switch (part.notice.type) {
    case 'limit':
      return end.limit !== undefined;
    case 'cancelling':
      return end.status === 'cancelled';
    case 'attempt-failed':
      return part.notice.message === end.message;
    case 'restarted':
      return false;
  }
}
