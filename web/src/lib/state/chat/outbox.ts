// What this page sends: shown at once, and kept with a way to send it again where the service refuses.
import { ApiError } from '$lib/api/client';
import type { Started } from '$lib/chat/send';
import type { Turn, UserTurn } from '$lib/stream/conversation';
import { userKey } from '$lib/stream/history';

import type { Said, Sending } from './sending';

/** Whoever has an outbox. */
interface Sender {
  deliver(sending: Sending): Promise<Started>;
  /** The service took it. */
  started(started: Started): void;
  /** What the outbox shows has changed. */
  changed(): void;
}

export class Outbox {
  /** What is being sent, or could not be. */
  turns: readonly UserTurn[] = [];
  /** What was sent, by the run that it began: with images, which events do not tell. */
  readonly sent = new Map<string, UserTurn>();
  #retries = new Map<string, Sending>();
  /** By a turn's key: the key of the cell that showed it before it had that one. */
  #cellKeys = new Map<string, string>();
  #next = 1;

  constructor(private readonly sender: Sender) {}

  /** Whether a request has not been answered yet. */
  get sending(): boolean {
    return this.turns.some((turn) => turn.state === 'sending');
  }

  /** The key of the cell that shows a turn: the one that it was sent under. */
  cellKey(turn: Turn): string {
    return this.#cellKeys.get(turn.key) ?? turn.key;
  }

  /** Says something. Rejects when the service refuses; the turn then stays, with the reason and a way to send it again. */
  async say(sending: Sending): Promise<void> {
    const key = `sending:${this.#next++}`;
    const { text, images, audio } = sending.said;
    this.#retries.set(key, sending);
    this.turns = [...this.turns, { kind: 'user', key, text, images, audio, state: 'sending' }];
    this.sender.changed();
    await this.#send(key, sending);
  }

  /** Sends once more what could not be sent. */
  async resend(key: string): Promise<void> {
    const sending = this.#retries.get(key);
    if (!sending) return;
    this.#mark(key, { state: 'sending', error: undefined });
    await this.#send(key, sending);
  }

  /** Takes back what could not be sent; what it said. */
  drop(key: string): Said | undefined {
    const said = this.#retries.get(key)?.said;
    this.#forget(key);
    this.sender.changed();
    return said;
  }

  async #send(key: string, sending: Sending): Promise<void> {
    try {
      this.#started(key, await this.sender.deliver(sending));
    } catch (thrown) {
      const error = ApiError.from(thrown);
      this.#mark(key, { state: 'failed', error: [error.sentence, error.remedy].filter(Boolean).join(' ') });
      throw error;
    }
  }

  #started(key: string, started: Started): void {
    const turn = this.turns.find((turn) => turn.key === key);
    this.#cellKeys.set(userKey(started.run, 0), key);
    if (turn) this.sent.set(started.run, { ...turn, timestamp: started.timestamp });
    this.#forget(key);
    this.sender.started(started);
  }

  #mark(key: string, change: Partial<UserTurn>): void {
    this.turns = this.turns.map((turn) => (turn.key === key ? { ...turn, ...change } : turn));
    this.sender.changed();
  }

  #forget(key: string): void {
    this.turns = this.turns.filter((turn) => turn.key !== key);
    this.#retries.delete(key);
  }
}
