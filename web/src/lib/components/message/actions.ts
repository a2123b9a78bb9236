// What a person can do to a call that waits. Each may be refused by the service: then it rejects with an ApiError.
import type { CallPart } from '$lib/stream/conversation';

export interface CallActions {
  /** `given`: the arguments as they were edited. */
  approve(call: CallPart, given?: Record<string, unknown>): Promise<unknown>;
  reject(call: CallPart, comment?: string): Promise<unknown>;
  answer(call: CallPart, content: unknown, isError?: boolean): Promise<unknown>;
}
