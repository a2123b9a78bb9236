import { expect, it } from 'vitest';

import { hintOf } from './hint';

const hint = (description?: string) => hintOf({ schema: { description } });

it('is the description without the marks of code', () => {
  expect(hint('Address that `path` is\nadded to.')).toBe('Address that path is added to.');
  expect(hint()).toBeUndefined();
});

it('has whole sentences, and ends before it is a page', () => {
  expect(hint(`One sentence. ${'And another one. '.repeat(40)}`)).toMatch(/^One sentence\. (And another one\. ?)+$/);
  expect(hint('word '.repeat(100))?.length).toBeLessThanOrEqual(240);
});
