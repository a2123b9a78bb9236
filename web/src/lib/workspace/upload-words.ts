// What the list of uploads says of each.
import { t, tOr } from '$lib/i18n/i18n.svelte';
import { bytes, duration } from '$lib/runs/units';
import { sentBytes, shareOf } from '$lib/upload/progress';
import type { Queue, Task } from '$lib/upload/queue';
import type { UploadFailure } from '$lib/upload/shapes';

/** Per cent, whole. */
export function percentOf(task: Task): number {
  return Math.floor(shareOf(task) * 100);
}

/** Where a task stands; `first` is the one that is sent now. */
export function stateOf(task: Task, isCurrent: boolean, speed: number | null, left: number | null): string {
  switch (task.phase) {
    case 'active':
      return isCurrent ? goingOn(task, speed, left) : t('workspace.uploads.state.queued');
    case 'failed':
      return task.failure === null ? '' : reasonOf(task.failure, true);
    case 'paused':
      return t('workspace.uploads.state.paused', { share: percentOf(task) });
    case 'file_wanted':
      return t('workspace.uploads.state.file_wanted', { share: percentOf(task) });
    case 'completed':
      return [t('workspace.uploads.state.completed'), bytes(task.file.size)].join(' · ');
    case 'cancelled':
      return t('workspace.uploads.state.cancelled');
  }
}

function goingOn(task: Task, speed: number | null, left: number | null): string {
  if (task.failure !== null) return reasonOf(task.failure, false);
  if (task.chunks.length > 0 && task.chunks.every((chunk) => chunk.done))
    return t('workspace.uploads.state.completing');
  const said = [t('workspace.uploads.state.active', { sent: bytes(sentBytes(task)), size: bytes(task.file.size) })];
  if (speed !== null && speed > 0) said.push(t('workspace.uploads.state.speed', { speed: bytes(speed) }));
  if (left !== null) said.push(t('workspace.uploads.state.left', { time: duration(left * 1000) }));
  return said.join(' · ');
}

/** A failure as a sentence with its remedy; `final` where it is not tried again by itself. */
export function reasonOf({ code, detail, passing }: UploadFailure, final: boolean): string {
  if (code === 'NETWORK') return t(final ? 'workspace.failure.NETWORK.final' : 'workspace.failure.NETWORK');
  const reason = tOr(`workspace.failure.${code}`, t('workspace.failure.other', { code, detail }), { detail });
  return passing && !final ? t('workspace.failure.passing', { reason }) : reason;
}

/** The one that is sent now. */
export function currentOf(tasks: Queue): string | undefined {
  return tasks.find((task) => task.phase === 'active')?.id;
}
