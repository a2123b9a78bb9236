// All conversations of the page. It lives as long as the page does: leaving the chat, or a conversation, stops nothing.
import { createContext } from 'svelte';

import { hearRevokes } from '$lib/chat/tabs';

import { Conversation } from './chat/conversation.svelte';
import type { Status } from './chat/entry';
import { Sessions } from './chat/sessions.svelte';
import { Setup } from './chat/setup.svelte';

/** A conversation with who answers in it. */
export interface Room {
  conversation: Conversation;
  setup: Setup;
}

export class Conversations {
  /** How often somebody wanted a new conversation; the address may be that of a new one already. */
  begun = $state(0);
  readonly sessions = new Sessions((session, status) => this.#heard(session, status));
  #rooms = new Map<string, Room>();
  #next = 1;
  #shown: Conversation | null = null;

  constructor() {
    hearRevokes((session) => void this.#room(session)?.conversation.reload());
    document.addEventListener('visibilitychange', () => this.#look());
  }

  /** The conversation of an id. */
  open(id: string): Room {
    const known = this.#room(id);
    const room = known ?? this.#make(id, id);
    if (!known) room.setup.id = '';
    this.#rooms.set(id, room);
    void this.#read(room, known !== undefined);
    return room;
  }

  /** Reads a conversation; one that is shown again may have changed, and been given another workspace. */
  async #read({ conversation, setup }: Room, again: boolean): Promise<void> {
    if (again) await conversation.reload();
    else await conversation.load();
    if (again) setup.workspace = conversation.meta.workspace ?? setup.workspace;
    else setup.take(conversation.meta);
  }

  /** A conversation that is not there yet. */
  fresh(): Room {
    return this.#make(`new:${this.#next++}`, null);
  }

  /** Says which conversation a person looks at: it streams, and the others are kept up with. */
  show(conversation: Conversation | null): void {
    if (this.#shown === conversation) return;
    if (this.#shown) this.#shown.seen = false;
    this.#shown = conversation;
    this.#look();
  }

  /** Has a conversation work in another folder from its next turn on, also where it is open here already. */
  async move(id: string, workspace: string): Promise<void> {
    await this.sessions.patch(id, { workspace });
    const room = this.#room(id);
    if (room) room.setup.workspace = workspace;
  }

  /** Forgets a conversation that is deleted. */
  forget(id: string): void {
    this.#room(id)?.conversation.close();
    this.#rooms.delete(id);
  }

  #look(): void {
    if (this.#shown) this.#shown.seen = document.visibilityState === 'visible';
  }

  #make(key: string, id: string | null): Room {
    const conversation = new Conversation(key, id, ({ session, title }) => {
      this.#rooms.set(session, room);
      this.sessions.put({ id: session, title: title ?? '', status: 'streaming' });
    });
    const room: Room = { conversation, setup: Setup.last() };
    return room;
  }

  #room(id: string): Room | undefined {
    return this.#rooms.get(id);
  }

  /** A conversation that is open here was written to, perhaps by another tab. */
  #heard(session: string, status: Status): void {
    const room = this.#room(session);
    if (room && status !== 'idle') void room.conversation.look();
  }
}

export const [getConversations, setConversations] = createContext<Conversations>();
