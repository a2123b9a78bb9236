// How the state of a call looks.
import Ban from '@lucide/svelte/icons/ban';
import Check from '@lucide/svelte/icons/check';
import CircleDashed from '@lucide/svelte/icons/circle-dashed';
import CircleStop from '@lucide/svelte/icons/circle-stop';
import Hand from '@lucide/svelte/icons/hand';
import MessageCircleQuestion from '@lucide/svelte/icons/message-circle-question-mark';
import X from '@lucide/svelte/icons/x';
import type { LucideIcon } from '@lucide/svelte';

import type { CallStatus } from '$lib/stream/conversation';
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

export function lookOf(status: CallStatus): Look {
  return LOOKS[status];
}
