/** Follows a run: its typed events, each exactly once, whatever becomes of the network, the page or the service. */
import { connect, type Connecting } from './connect';
import type { RunEvent } from './event';
import type { Frame } from './sse';

export interface Following extends Omit<Connecting, 'after' | 'isOver'> {
  /** The id behind which to begin. */
  after?: string;
}

/** Events, and the id behind which a later reader goes on. */
export interface Batch {
  events: RunEvent[];
  last: string;
}

/** The events of a run from `after` on, those of one network chunk at a time; ends with the run. */
export async function* follow(run: string, options: Following): AsyncGenerator<Batch> {
  let last = options.after ?? '';
  let over = false;
  const path = `/v1/runs/${encodeURIComponent(run)}/events`;
  let group = new Grouping();
  const onconnection: Following['onconnection'] = (connection) => {
    // What came without its id comes again.
    if (connection === 'broken') group = new Grouping();
    options.onconnection?.(connection);
  };
  for await (const frames of connect(path, { ...options, onconnection, after: () => last, isOver: () => over })) {
    const events = frames.flatMap((frame) => group.take(frame));
    if (events.length === 0) continue;
    last = group.last;
    over = events.some((event) => event.type === 'run_finished' && event.run_id === run);
    yield { events, last };
  }
}

/** Puts together the events of one cause: only the last of them brings their id, so that all or none are known. */
export class Grouping {
  last = '';
  #held: RunEvent[] = [];

  /** The events that a frame completes. */
  take(frame: Frame): RunEvent[] {
    if (frame.event !== 'message') return [];
    this.#held.push(JSON.parse(frame.data) as RunEvent);
    if (frame.id === undefined) return [];
    this.last = frame.id;
    const events = this.#held;
    this.#held = [];
    return events;
  }
}
