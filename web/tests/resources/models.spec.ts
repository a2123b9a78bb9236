// Models: made by form, their keys written and never shown, tested with one click.
import { expect, expectAccessible, look, test } from '../harness/test';
import { read, save } from './form';

// Each looks at its pages in two themes; a machine with other work takes its time.
test.describe.configure({ timeout: 120_000 });
test.use({ expectedErrors: [/status of 4\d\d/] });

test('a model is made with a key that is never shown again', async ({ page, troupe }) => {
  await page.goto('/#/models/~new');
  await page.getByLabel('Name', { exact: false }).first().fill('mine');
  await page.getByLabel('Base URL').fill(troupe.modelUrl);
  await page.getByLabel('Model', { exact: false }).and(page.getByRole('textbox')).fill('scripted');
  await page.getByLabel('API key').fill('sk-very-secret');
  await page.getByRole('button', { name: 'Create' }).click();
  await expect(page).toHaveURL(/#\/models\/mine$/);
  const { spec } = await read(troupe, 'models/mine');
  expect(spec.apiKey).toMatchObject({ secretKeyRef: { key: 'api-key' } });
  await expect(page.getByText('A key is kept in the Secret')).toBeVisible();
  expect(await page.content()).not.toContain('sk-very-secret');
  await expectAccessible(page);
  await look(page, 'model');

  // Another change keeps it.
  await page.getByLabel('Context window').fill('8192');
  await save(page);
  expect((await read(troupe, 'models/mine')).spec).toMatchObject({ contextWindow: 8192, apiKey: spec.apiKey });
});

test('a model is asked a question with one click', async ({ page }) => {
  await page.goto('/#/models/default');
  await page.getByRole('tab', { name: 'Test' }).click();
  await page.getByRole('button', { name: 'Ask' }).click();
  await expect(page.getByRole('tabpanel').locator('pre')).not.toBeEmpty();
  await expectAccessible(page);
});

test('a number that is none, or too large, is told at its field', async ({ page }) => {
  await page.goto('/#/models/default');
  await page.getByRole('button', { name: 'Retry' }).click();
  await page.getByLabel('Max attempts').fill('99');
  await expect(page.getByRole('alert').filter({ hasText: 'Must be at most 20.' })).toBeVisible();
  await page.getByLabel('Max attempts').fill('many');
  await expect(page.getByRole('alert').filter({ hasText: 'Must be a whole number.' })).toBeVisible();
  await page.getByLabel('Max attempts').fill('3');
  await expect(page.getByRole('button', { name: 'Save', exact: true })).toBeEnabled();
});
