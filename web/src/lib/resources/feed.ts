// Follows a kind's resources: all of them first, then each change (`watch=true`).
import type { Plural } from '$lib/schema/kind';
import { connect, type Connection } from '$lib/stream/connect';

import type { Manifest } from './manifest';

/** What the service tells; see `ResourceEvent` in the API. */
export type FeedEvent =
  | { event: 'init'; items: Manifest[] }
  | { event: 'added' | 'modified'; object: Manifest }
  | { event: 'deleted'; name: string };

export interface Listener {
  events(events: FeedEvent[]): void;
  connection(connection: Connection): void;
}

/** Follows a kind until `signal` ends it; throws what asking again does not mend. */
export async function followKind(kind: Plural, listener: Listener, signal: AbortSignal): Promise<void> {
  let last: string | undefined;
  const onconnection = (connection: Connection) => listener.connection(connection);
  const options = { signal, after: () => last, onconnection };
  for await (const frames of connect(`/v1/resources/${kind}?watch=true`, options)) {
    // Only the last of the events that belong together has an id: whoever lost one of them begins anew.
    last = frames.findLast(({ id }) => id !== undefined)?.id ?? last;
    listener.events(frames.map(({ data }) => JSON.parse(data) as FeedEvent));
  }
}
