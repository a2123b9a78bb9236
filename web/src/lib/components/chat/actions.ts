/** What a person can do to a turn. */
import type { AssistantTurn, CallPart, UserTurn } from '$lib/stream/conversation';

export interface TurnActions {
  approve(call: CallPart, given?: Record<string, unknown>): Promise<unknown>;
  reject(call: CallPart, comment?: string): Promise<unknown>;
  answer(call: CallPart, content: unknown, isError?: boolean): Promise<unknown>;
  /** After a limit: goes on. */
  goOn(): Promise<void>;
  regenerate(turn: AssistantTurn, model?: string): Promise<void>;
  edit(turn: UserTurn, text: string): Promise<void>;
  revoke(turn: UserTurn): Promise<void>;
  /** Sends again what could not be sent. */
  retry(turn: UserTurn): Promise<void>;
  /** Takes back what is queued, or could not be sent. */
  remove(turn: UserTurn): Promise<void>;
}
