// How the state of a call looks.
import Ban from '@lucide/svelte/icons/ban';
import Check from '@lucide/svelte/icons/check';
import CircleDashed from '@lucide/svelte/icons/circle-dashed';
import CircleStop from '@lucide/svelte/icons/circle-stop';
import Hand from '@lucide/svelte/icons/hand';
import MessageCircleQuestion from '@lucide/svelte/icons/message-circle-question-mark';
import TriangleAlert from '@lucide/svelte/icons/triangle-alert';
import X from '@lucide/svelte/icons/x';
import type { LucideIcon } from '@lucide/svelte';

import { exitCodeOf } from '$lib/runs/exit';
import type { CallPart, CallStatus } from '$lib/stream/conversation';
import type { Tone } from '$lib/ui/tone';

interface Look {
  /** None: a spinner. */
  icon?: LucideIcon;
  tone: Tone;
}

const LOOKS: Record<CallStatus, Look> = {
  writing: { tone: 'neutral' },
  pending: { icon: CircleDashed, tone: 'neutral' },
  running: { tone: 'info' },
  approval: { icon: Hand, tone: 'warning' },
  input: { icon: MessageCircleQuestion, tone: 'warning' },
  completed: { icon: Check, tone: 'success' },
  failed: { icon: X, tone: 'danger' },
  rejected: { icon: Ban, tone: 'neutral' },
  cancelled: { icon: CircleStop, tone: 'neutral' },
};

/** A command that ended with another code than 0 was run well, and did not do well. */
export function lookOf(call: CallPart): Look {
  return exitCodeOf(call) === null ? LOOKS[call.status] : { icon: TriangleAlert, tone: 'warning' };
}
