// The currency that models' prices are in.
import { isFields, textAt } from '$lib/schema/edit';

import type { Manifest } from './manifest';

/** What a price without a currency is in, as the schema says. */
const DEFAULT = 'USD';
const CODE = /^[A-Z]{3}$/;

/** The one currency of all prices; undefined where there are several, whose sums mean nothing, or none. */
export function currencyOf(models: readonly Manifest[]): string | undefined {
  const priced = models.filter(({ spec }) => isFields(spec.pricing));
  const [only, ...others] = new Set(priced.map(({ spec }) => textAt(spec, ['pricing', 'currency']) || DEFAULT));
  return only && others.length === 0 && CODE.test(only) ? only : undefined;
}
