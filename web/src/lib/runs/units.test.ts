import { expect, it } from 'vitest';

import { bytes, compact, cost, duration, roundCost } from './units';

it.each([
  [0.42, '0.4 ms'],
  [850, '850 ms'],
  [4200, '4.2 s'],
  [59_990, '1 m 00 s'],
  [185_000, '3 m 05 s'],
  [7_800_000, '2 h 10 m'],
])('%f milliseconds are %s', (milliseconds, words) => expect(duration(milliseconds)).toBe(words));

it.each([
  [0, '0'],
  [453, '0.00045'],
  [12_345, '0.012'],
  [2_500_000, '2.50'],
])('%i micro-units are %s', (microUnits, words) => expect(cost(microUnits, 'en')).toBe(words));

it.each([
  [0, 'USD', '$0'],
  [453, 'USD', '$0.00045'],
  [2_500_000, 'EUR', '€2.50'],
])('%i micro-units of %s are %s', (microUnits, currency, words) =>
  expect(cost(microUnits, 'en', currency)).toBe(words),
);

it.each([
  [0, '0 B'],
  [999, '999 B'],
  [1400, '1.4 kB'],
  [999_600, '1.0 MB'],
  [10_000_000_000, '10.0 GB'],
])('%i bytes are %s', (count, words) => expect(bytes(count)).toBe(words));

it.each([
  [453, '$0.00045'],
  [2_500_000, '$2.5'],
  [1_500_000_000, '$1.5K'],
])('%i micro-units are %s on a scale', (microUnits, words) => expect(roundCost(microUnits, 'en', 'USD')).toBe(words));

it('shortens great numbers', () => {
  expect([950, 12_345, 4_100_000].map((count) => compact(count, 'en'))).toEqual(['950', '12.3K', '4.1M']);
});
