import { expect, it } from 'vitest';

import { listed, momentOf, shortly, wholly } from './moment';

/** Of the day in the time zone of whoever reads. */
const at = (hours: number, minutes: number) => new Date(2026, 10, 28, hours, minutes, 22);

it('takes a time without a zone as UTC', () => {
  expect(momentOf('2026-11-28T10:03:00.000001').toISOString()).toBe('2026-11-28T10:03:00.000Z');
  expect(momentOf('2026-11-28T10:03:00+02:00').toISOString()).toBe('2026-11-28T08:03:00.000Z');
});

it.each([
  ['the day itself', at(20, 0), '14:03', '14:03:22'],
  ['the same year', new Date(2026, 11, 1), 'Nov 28, 14:03', 'Nov 28, 14:03'],
  ['another year', new Date(2027, 0, 1), 'Nov 28, 2026, 14:03', 'Nov 28, 2026, 14:03'],
])('is as short as it can be on %s', (_, now, short, inList) => {
  expect(shortly(at(14, 3), now, 'en')).toBe(short);
  expect(listed(at(14, 3), now, 'en')).toBe(inList);
});

it('counts the hours from 0 to 23 in every language', () => {
  expect(shortly(at(0, 5), at(1, 0), 'en')).toBe('00:05');
  expect(listed(at(0, 5), at(1, 0), 'zh')).toBe('00:05:22');
  expect(wholly(at(15, 5), 'en')).toBe('Saturday, November 28, 2026 at 15:05:22');
});
