// Names and amounts of usage as the page says them.
import { i18n, t } from '$lib/i18n/i18n.svelte';
import { compact, cost, roundCost } from '$lib/runs/units';

import type { Group, Measure } from './series';

/** What must be known of the resources to name them and their prices. */
interface Known {
  readonly currency: string | undefined;
  calledAgent(name: string): string;
}

export class Words {
  constructor(private readonly known: Known) {}

  /** What a series or a sum is called; `null` is what was summed up. */
  nameOf(name: string | null, group: Group): string {
    if (name === null) return group === 'day' ? t('runs.usage.all') : t('runs.usage.others');
    if (name !== '') return group === 'agent' ? this.known.calledAgent(name) : name;
    return group === 'agent' ? t('runs.usage.adhoc') : t('runs.usage.unnamed');
  }

  cost(value: number): string {
    return cost(value, i18n.language, this.known.currency);
  }

  amount(value: number, measure: Measure): string {
    return measure === 'cost' ? this.cost(value) : value.toLocaleString(i18n.language);
  }

  /** As short as the lines of a scale need it. */
  short(value: number, measure: Measure): string {
    return measure === 'cost' ? roundCost(value, i18n.language, this.known.currency) : compact(value, i18n.language);
  }
}

/** `Apr 21` for `2026-04-21`. */
export function shortDay(day: string): string {
  return new Date(`${day}T00:00:00Z`).toLocaleDateString(i18n.language, {
    month: 'short',
    day: 'numeric',
    timeZone: 'UTC',
  });
}

export function longDay(day: string): string {
  const options: Intl.DateTimeFormatOptions = {
    weekday: 'short',
    year: 'numeric',
    month: 'short',
    day: 'numeric',
    timeZone: 'UTC',
  };
  return new Date(`${day}T00:00:00Z`).toLocaleDateString(i18n.language, options);
}
