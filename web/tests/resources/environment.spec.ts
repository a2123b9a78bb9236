// The environment: listed, detected, set and deleted; a value goes in and never comes out.
import { expect, expectAccessible, look, test } from '../harness/test';

// Each looks at its pages in two themes; a machine with other work takes its time.
test.describe.configure({ timeout: 120_000 });
test('variables are detected, set and deleted, and their values are never shown', async ({ page, troupe }) => {
  await page.goto('/#/env');
  await page.getByRole('button', { name: 'Detect' }).click();
  await page.getByRole('button', { name: 'Set MAX_TOOL_ROUNDS' }).click();
  await page.getByLabel('Value').fill('4711');
  await expectAccessible(page);
  await look(page, 'env-dialog');
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  const row = page.getByRole('row', { name: /MAX_TOOL_ROUNDS/ });
  await expect(row).toContainText('*');
  expect(await page.content()).not.toContain('4711');
  await expectAccessible(page);
  await look(page, 'env');

  await page.reload();
  await expect(row).toContainText('*');
  await row.getByRole('button', { name: 'Delete MAX_TOOL_ROUNDS' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(page.getByText('No variables are kept')).toBeVisible();
  expect(await troupe.api('GET', '/v1/env')).toEqual({ env: {} });
});

test('a variable of any name is set', async ({ page, troupe }) => {
  await page.goto('/#/env');
  await page.getByRole('button', { name: 'Set a variable' }).click();
  await page.getByRole('combobox', { name: 'Variable' }).click();
  await page.keyboard.type('MY_VARIABLE');
  await page.getByRole('option', { name: 'MY_VARIABLE' }).click();
  await page.getByLabel('Value').fill('x');
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('row', { name: /MY_VARIABLE/ })).toBeVisible();
  expect(Object.keys((await troupe.api<{ env: object }>('GET', '/v1/env')).env)).toEqual(['MY_VARIABLE']);
});
