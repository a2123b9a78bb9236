/** What a person decides about a run that goes on: whether a call may be made, what it gives, and whether the run ends. */
import { answer, api, request } from '$lib/api/client';
import type { CallPart } from '$lib/stream/conversation';

/** Lets a call be made, with other arguments where some are given. */
export async function approve(call: CallPart, given?: Record<string, unknown>): Promise<void> {
  await decide(call, { decision: 'approve', arguments: given });
}

export async function reject(call: CallPart, comment?: string): Promise<void> {
  await decide(call, { decision: 'reject', comment });
}

async function decide(call: CallPart, body: Record<string, unknown>): Promise<void> {
  const path = `/v1/runs/${call.runId ?? ''}/approvals/${call.callId ?? ''}`;
  await request('POST', path, { body });
}

/** Gives the result of a call that waits for it. */
export async function give(call: CallPart, content: unknown, isError = false): Promise<void> {
  const body = { call_id: call.callId, content, is_error: isError };
  await request('POST', `/v1/runs/${call.runId ?? ''}/input`, { body });
}

/** Ends a run, also one that is still queued. */
export async function cancel(run: string): Promise<void> {
  await answer(api.POST('/v1/runs/{id}/cancel', { params: { path: { id: run } }, body: {} }));
}
