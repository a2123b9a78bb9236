/** A call of a tool or of a sub-agent, from being asked for to its result. */
import type { CallPart, CallStatus, ToolOutput } from '../conversation';
import { between, type EventOf } from '../event';

type CallEvent = EventOf<
  'tool_started' | 'tool_finished' | 'approval_requested' | 'approval_decided' | 'child_started' | 'child_finished'
>;

/** The call after an event of its own. */
export function changed(part: CallPart, event: CallEvent): CallPart {
  switch (event.type) {
    case 'tool_started':
      return running(part, event, event.attempt);
    case 'child_started':
      return running(part, event, 1);
    case 'approval_requested':
      return { ...part, input: event.arguments, status: 'approval', approval: { reason: event.reason } };
    case 'approval_decided':
      return decided(part, event);
    case 'tool_finished':
      return done(part, event, output(event), event.duration_ms ?? undefined);
    case 'child_finished':
      return done(part, event, { content: event.content, isError: event.is_error, images: [] });
  }
}

function running(part: CallPart, event: { at?: string | null; arguments: string }, attempts: number): CallPart {
  const startedAt = part.startedAt ?? event.at ?? undefined;
  return { ...part, status: 'running', input: event.arguments || part.input, attempts, startedAt };
}

function decided(part: CallPart, event: EventOf<'approval_decided'>): CallPart {
  const { approved, by } = event;
  const edited = event.arguments ?? undefined;
  const decision = edited === undefined ? { approved, by } : { approved, by, arguments: edited };
  const reason = part.approval?.reason ?? 'policy';
  const status: CallStatus = approved ? 'pending' : 'rejected';
  return { ...part, status, input: edited ?? part.input, approval: { reason, decision } };
}

function output(event: EventOf<'tool_finished'>): ToolOutput {
  const given: ToolOutput = { content: event.content, isError: event.is_error, images: event.images ?? [] };
  if (event.structured !== undefined && event.structured !== null) given.structured = event.structured;
  if (event.artifact) given.artifact = { hash: event.artifact.hash, bytes: event.artifact.bytes };
  return given;
}

function done(part: CallPart, event: { at?: string | null }, output: ToolOutput, took?: number): CallPart {
  const finishedAt = event.at ?? undefined;
  const durationMs = took ?? between(part.startedAt, finishedAt);
  const ended: CallStatus = output.isError ? 'failed' : 'completed';
  // What a person refused failed because of that.
  const status = part.status === 'rejected' ? 'rejected' : ended;
  const whole: CallPart = { ...part, status, output, finishedAt };
  return durationMs === undefined ? whole : { ...whole, durationMs };
}
