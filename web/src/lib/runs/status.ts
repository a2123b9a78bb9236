// What a run's status looks like, and what can still be done to it.
import { tOr } from '$lib/i18n/i18n.svelte';
import type { Tone } from '$lib/ui/tone';

const TONES: Record<string, Tone> = {
  queued: 'neutral',
  draft: 'neutral',
  running: 'info',
  waiting: 'warning',
  completed: 'success',
  failed: 'danger',
  cancelled: 'neutral',
};

export function toneOf(status: string): Tone {
  return TONES[status] ?? 'neutral';
}

export function statusName(status: string): string {
  return tOr(`runs.status.${status}`, status);
}

export function kindName(kind: string): string {
  return tOr(`runs.kind.${kind}`, kind);
}

export function isOver(status: string): boolean {
  return status === 'completed' || status === 'failed' || status === 'cancelled';
}
