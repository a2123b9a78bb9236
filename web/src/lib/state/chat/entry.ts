// A conversation as the list of them has it.
import type { Schemas } from '$lib/api/client';

/** Fields that an older service does not send have their usual values. */
export interface Entry {
  id: string;
  title: string;
  /** UTC, without a zone. */
  createdAt: string;
  lastAt: string;
  turns: number;
  status: Status;
  pinned: boolean;
  archived: boolean;
}

/** `waiting`: for an approval or a result. */
export type Status = 'idle' | 'streaming' | 'waiting' | 'done_success_unread' | 'done_error_unread';

/** Where words were found. */
export interface Found {
  session: string;
  title: string;
  timestamp?: string;
  excerpt?: string;
}

/** As the service sends it. */
export type Sent = Schemas['SessionEntry'] & { pinned?: boolean; archived?: boolean };

export function entryOf(sent: Sent): Entry {
  return {
    id: sent.session_id,
    title: ellipsed(sent.title),
    createdAt: sent.created_at,
    lastAt: sent.last_inference_at,
    turns: sent.turn_count,
    status: sent.status as Status,
    pinned: sent.pinned ?? false,
    archived: sent.archived ?? false,
  };
}

/** A title as people write it: the service ends what it cut short with two full stops. */
function ellipsed(title: string): string {
  return title.replace(/([^.])\.\.$/, '$1…');
}

/** One that has just begun. */
export function blank(id: string): Entry {
  const createdAt = now();
  return { id, title: '', createdAt, lastAt: createdAt, turns: 0, status: 'idle', pinned: false, archived: false };
}

/** This moment as the service writes times, to the microsecond, so that both sort together. */
export function now(): string {
  return new Date().toISOString().replace('Z', '000');
}
