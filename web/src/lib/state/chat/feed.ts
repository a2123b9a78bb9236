// What the service tells of all conversations while the page is there.
import { connect, type Connection } from '$lib/stream/connect';

import type { Status } from './entry';

export type FeedEvent =
  | { event: 'init'; sessions: Record<string, Status> }
  | { event: 'message'; session_id: string; status: Status }
  | { event: 'title_update'; session_id: string; title: string }
  | { event: 'deleted'; session_id: string };

/** Its events over as many connections as it takes; `missed` is told when some may have been missed between two. */
export async function* changesOf(signal: AbortSignal, missed: () => void): AsyncGenerator<FeedEvent> {
  let broken = false;
  const onconnection = (connection: Connection) => {
    if (connection === 'live' && broken) missed();
    broken = connection === 'broken';
  };
  for await (const frames of connect('/v1/sessions/events', { signal, onconnection })) {
    for (const frame of frames) yield JSON.parse(frame.data) as FeedEvent;
  }
}
