/** Recordings of real streams, for tests: `scripts/record.mjs` makes them. */
import type { RunEvent, RunSummary, StoredTurn } from './event';
import { Grouping } from './follow';
import { FrameParser } from './sse';

const streams = import.meta.glob<string>('./recorded/*.sse', { query: '?raw', import: 'default', eager: true });
const sessions = import.meta.glob<Session>('./recorded/*.json', { import: 'default', eager: true });

interface Session {
  run: RunSummary;
  messages: StoredTurn[];
}

/** The names of the recordings. */
export const names = Object.keys(sessions).map((path) => path.replace(/^.*\/|\.json$/g, ''));

/** What came over the wire. */
export function wire(name: string): string {
  return streams[`./recorded/${name}.sse`] ?? '';
}

export function session(name: string): Session {
  const found = sessions[`./recorded/${name}.json`];
  if (!found) throw new Error(`there is no recording ${name}`);
  return found;
}

/** The events of a text. */
export function eventsOf(text: string): RunEvent[] {
  const grouping = new Grouping();
  return new FrameParser().push(text).flatMap((frame) => grouping.take(frame));
}
