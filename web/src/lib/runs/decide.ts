/** What a person decides about a run that goes on: whether a call may be made, what it gives, and whether the run ends. */
import { answer, api, type Schemas } from '$lib/api/client';

type Run = Schemas['Run'];

/** A call, as a conversation's turn or a run's page knows it. */
export interface WaitingCall {
  runId?: string;
  callId?: string;
}

/** Lets a call be made, with other arguments where some are given. */
export function approve(call: WaitingCall, given?: Record<string, unknown>): Promise<Run> {
  // An object without a schema is generated as one without members.
  return decide(call, { decision: 'approve', arguments: given as never });
}

export function reject(call: WaitingCall, comment?: string): Promise<Run> {
  return decide(call, { decision: 'reject', comment });
}

/** Gives the result of a call that waits for it. */
export function give({ runId = '', callId = '' }: WaitingCall, content: unknown, isError = false): Promise<Run> {
  const body = { call_id: callId, content: content as never, is_error: isError };
  return answer(api.POST('/v1/runs/{id}/input', { params: { path: { id: runId } }, body }));
}

/** Ends a run, also one that is still queued. */
export function cancel(run: string): Promise<Run> {
  return answer(api.POST('/v1/runs/{id}/cancel', { params: { path: { id: run } }, body: {} }));
}

function decide({ runId = '', callId = '' }: WaitingCall, body: Schemas['ApprovalInput']): Promise<Run> {
  const params = { path: { id: runId, call_id: callId } };
  return answer(api.POST('/v1/runs/{id}/approvals/{call_id}', { params, body }));
}
