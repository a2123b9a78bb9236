import { expect, it } from 'vitest';

import { coalesced } from './coalesce';

it('wishes during the work are met by doing it once more', async () => {
  let begun = 0;
  const open: (() => void)[] = [];
  const wish = coalesced(() => new Promise((resolve) => ((begun += 1), open.push(resolve))));
  const first = wish();
  const others = [wish(), wish(), wish()];
  expect(begun).toBe(1);
  open.shift()?.();
  await first;
  await Promise.resolve();
  expect(begun).toBe(2);
  open.shift()?.();
  await Promise.all(others);
  expect(begun).toBe(2);
});

it('a failure is told, and hinders no later wish', async () => {
  let fails = true;
  const wish = coalesced(async () => {
    if (fails) throw new Error('no');
  });
  await expect(wish()).rejects.toThrow('no');
  fails = false;
  await expect(wish()).resolves.toBeUndefined();
});
