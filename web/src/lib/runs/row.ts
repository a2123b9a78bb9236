// The words of a row of the timeline.
import { t, tOr } from '$lib/i18n/i18n.svelte';
import type { Tone } from '$lib/ui/tone';

import { exitCodeOf } from './exit';
import { summaryOf } from './input';
import type { TimelineRow } from './timeline';

/** What a row is called. */
export function nameOf(row: TimelineRow, known: { calledAgent(name: string): string }): string {
  if (row.kind === 'model') return row.round.model ?? t('runs.timeline.model');
  if (row.kind === 'notice') return noticeOf(row.notice);
  // Agents that have no name of their own are called by their tool's.
  return row.call.child?.agent ? known.calledAgent(row.call.child.agent) : row.call.name;
}

function noticeOf(notice: Extract<TimelineRow, { kind: 'notice' }>['notice']): string {
  switch (notice.type) {
    case 'limit':
      return t('runs.notice.limit', { limit: tOr(`runs.limit.${notice.limit}`, notice.limit) });
    case 'attempt-failed':
      return t('runs.notice.attempt-failed', { attempt: notice.attempt, code: notice.code, message: notice.message });
    case 'restarted':
      return t('runs.notice.restarted');
    case 'cancelling':
      return t('runs.notice.cancelling', { by: notice.by });
  }
}

/** A few words of what it is about, for the closed row. */
export function gistOf(row: TimelineRow): string {
  if (row.kind === 'model') return plain(row.text || row.thinking) || row.calls.map((name) => `→ ${name}`).join('  ');
  return row.kind === 'notice' ? '' : summaryOf(row.call.input);
}

/** Words in a line, without the marks of Markdown at the beginning of lines, and without those of emphasis. */
function plain(text: string): string {
  const marks = /^\s*(?:#{1,6}|>|[-*+]|\d+\.)\s+|^[\s|:-]+$|\||\*+|`+/gm;
  return text.slice(0, 240).replace(marks, '').replace(/\s+/g, ' ').trim();
}

export function toneOfRow(row: TimelineRow): Tone {
  if (row.kind === 'notice') return row.notice.type === 'restarted' ? 'info' : 'warning';
  if (row.kind === 'model') return row.failed ? 'danger' : 'accent';
  if (row.call.status === 'failed' || row.call.output?.isError === true) return 'danger';
  if (exitCodeOf(row.call) !== null) return 'warning';
  if (row.call.status === 'approval' || row.call.status === 'input') return 'warning';
  return row.call.status === 'rejected' || row.call.status === 'cancelled'
    ? 'neutral'
    : row.kind === 'tool'
      ? 'success'
      : 'info';
}

/** In place of a duration, for a call that has none. */
export function stateOf(row: TimelineRow): string | null {
  if (row.kind !== 'tool' && row.kind !== 'delegate') return null;
  switch (row.call.status) {
    case 'approval':
      return t('runs.timeline.waiting');
    case 'input':
      return t('runs.timeline.input-wanted');
    case 'pending':
    case 'writing':
      return t('runs.timeline.pending');
    case 'rejected':
      return t('runs.timeline.rejected');
    case 'cancelled':
      return t('runs.timeline.cancelled');
    default:
      return null;
  }
}
