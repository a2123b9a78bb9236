// Tokens and cost, over the real service.
import { readFileSync } from 'node:fs';

import { here } from '../harness/places';
import { expect, expectAccessible, fixture, look, test, type Troupe } from '../harness/test';

const scenario = readFileSync(here('tests/scenarios/runs.yaml'), 'utf8');
test.use({ manifests: fixture('runs'), scenario });

interface Report {
  total: { total_tokens: number };
  cost: number;
}

async function use(troupe: Troupe): Promise<Report> {
  for (const [agent, input] of [
    ['assistant', 'two tools'],
    ['assistant', 'Hello'],
    ['planner', 'lighthouses'],
  ]) {
    await troupe.api('POST', `/v1/agents/${agent}/runs`, { input, wait: 10 });
  }
  return troupe.api('GET', '/v1/usage');
}

test('nothing used is said, with what to do', async ({ page, troupe }) => {
  await page.goto(`${troupe.console}/#/usage`);
  await expect(page.getByText('Nothing was used in these days')).toBeVisible();
  await expect(page.getByRole('link', { name: 'Open the chat' })).toBeVisible();
  await expectAccessible(page);
});

test('tokens and cost are summed by model, agent and day', async ({ page, troupe }) => {
  const report = await use(troupe);
  await page.goto(`${troupe.console}/#/usage`);
  await expect(page.locator('dl')).toContainText(report.total.total_tokens.toLocaleString('en'));
  const sums = page.getByRole('table', { name: 'Sums' });
  await expect(sums.getByRole('rowheader', { name: 'default' })).toBeVisible();
  await page.getByRole('radio', { name: 'Agent' }).check();
  await expect(sums.getByRole('rowheader', { name: 'assistant' })).toBeVisible();
  await expect(sums.getByRole('rowheader', { name: 'planner' })).toBeVisible();
  await page.getByRole('radio', { name: 'Day' }).check();
  await expect(sums.getByRole('row')).toHaveCount(2);
  await expect(page).toHaveURL(/group=day/);
  await expectAccessible(page);
  await look(page, 'usage');
});

test('the plot is read with the keyboard, and as a table', async ({ page, troupe }) => {
  const report = await use(troupe);
  await page.goto(`${troupe.console}/#/usage?group=agent`);
  const plot = page.getByRole('slider', { name: /Tokens a day/ });
  await plot.focus();
  await page.keyboard.press('End');
  await expect(plot).toHaveAttribute(
    'aria-valuetext',
    new RegExp(`${report.total.total_tokens.toLocaleString('en')}, assistant`),
  );
  await page.keyboard.press('ArrowLeft');
  await expect(plot).toHaveAttribute('aria-valuetext', /: 0$/);
  await page.getByRole('button', { name: 'Show as a table' }).click();
  const table = page.getByRole('table', { name: 'Values of the plot' });
  await expect(table.getByRole('columnheader', { name: 'assistant' })).toBeVisible();
  await expect(table.getByRole('row')).toHaveCount(2);
  await expectAccessible(page);
});

test('a range of days is chosen', async ({ page, troupe }) => {
  await use(troupe);
  await page.goto(`${troupe.console}/#/usage`);
  await page.getByRole('combobox', { name: 'Range' }).click();
  await page.getByRole('option', { name: 'Other days' }).click();
  await page.getByRole('textbox', { name: 'From' }).fill('2020-01-01');
  await page.getByRole('textbox', { name: 'To' }).fill('2020-01-31');
  await page.getByRole('textbox', { name: 'To' }).press('Enter');
  await expect(page.getByText('Nothing was used in these days')).toBeVisible();
  await page.getByRole('combobox', { name: 'Range' }).click();
  await page.getByRole('option', { name: 'Last 7 days' }).click();
  await expect(page.getByRole('table', { name: 'Sums' })).toBeVisible();
});
