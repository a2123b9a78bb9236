import { expect, it } from 'vitest';

import { currencyOf } from './currency';
import type { Manifest } from './manifest';

const model = (pricing?: Record<string, string>) =>
  ({ kind: 'Model', metadata: { name: 'm' }, spec: pricing ? { pricing } : {} }) as unknown as Manifest;

it('is the one that all prices are in', () => {
  expect(currencyOf([model(), model({ currency: 'EUR' }), model({ currency: 'EUR' })])).toBe('EUR');
});

it('is the schema’s default where a price names none', () => {
  expect(currencyOf([model({ inputPerMillion: '3' })])).toBe('USD');
});

it('is unknown where there are no prices, several currencies, or a word that is none', () => {
  expect(currencyOf([model()])).toBeUndefined();
  expect(currencyOf([model({ currency: 'EUR' }), model({ currency: 'USD' })])).toBeUndefined();
  expect(currencyOf([model({ currency: 'credits' })])).toBeUndefined();
});
