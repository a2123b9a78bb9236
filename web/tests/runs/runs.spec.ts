// The list of runs and the page of one, over the real service.
import { readFileSync } from 'node:fs';

import { here } from '../harness/places';
import { expect, expectAccessible, fixture, look, test, type Troupe } from '../harness/test';

const scenario = readFileSync(here('tests/scenarios/runs.yaml'), 'utf8');
test.use({ manifests: fixture('runs'), scenario });

interface Run {
  id: string;
  status: string;
  session_id?: string;
}

function start(troupe: Troupe, agent: string, input: string, more: object = { wait: 10 }): Promise<Run> {
  return troupe.api('POST', `/v1/agents/${agent}/runs`, { input, ...more });
}

test('the list shows every run, and filters narrow it', async ({ page, troupe }) => {
  const said = await troupe.api<{ session_id: string }>('POST', '/v1/infer', {
    agent_id: 'assistant',
    text: 'Hello',
    session_id: 'new',
  });
  await start(troupe, 'planner', 'lighthouses');
  await start(troupe, 'assistant', 'refuse this');
  await start(troupe, 'careful', 'Greet her', { wait: 2 });
  await page.goto(`${troupe.console}/#/runs`);
  const rows = page.getByRole('table', { name: 'Runs' }).getByRole('row');
  await expect(rows).toHaveCount(5);
  await expect(rows.nth(1)).toContainText('Waiting');
  await expect(rows.nth(2)).toContainText('Failed');
  await expect(rows.nth(3)).toContainText('planner');
  await expectAccessible(page);
  await look(page, 'runs');

  await page.getByRole('combobox', { name: 'Status' }).click();
  await page.getByRole('option', { name: 'Failed' }).click();
  await expect(rows).toHaveCount(2);
  await page.reload();
  await expect(rows).toHaveCount(2);
  await page.getByRole('button', { name: 'Clear filters' }).click();
  await expect(rows).toHaveCount(5);

  await page.getByRole('searchbox', { name: 'Agent or model' }).fill('planner');
  await expect(rows).toHaveCount(2);
  await page.getByRole('searchbox', { name: 'Agent or model' }).fill('');
  await page.getByRole('searchbox', { name: 'Conversation' }).fill(said.session_id);
  await expect(rows).toHaveCount(2);
  await page.getByRole('searchbox', { name: 'Conversation' }).fill('');
  await expect(rows).toHaveCount(5);

  await page.getByRole('combobox', { name: 'Time' }).click();
  await page.getByRole('option', { name: 'Last hour' }).click();
  await expect(rows).toHaveCount(5);
  await page.getByRole('combobox', { name: 'Kind' }).click();
  await page.getByRole('option', { name: 'Workflow' }).click();
  await expect(page.getByText('No run fits these filters')).toBeVisible();
});

test('runs of a day are asked of the service, older pages too', async ({ page, troupe }) => {
  for (let count = 0; count < 110; count += 10) {
    await Promise.all(Array.from({ length: 10 }, () => start(troupe, 'assistant', 'Hello')));
  }
  const noon = new Date();
  noon.setDate(noon.getDate() + 1);
  noon.setHours(12, 0, 0, 0);
  await page.clock.install({ time: noon });
  await page.goto(`${troupe.console}/#/runs`);
  const table = page.getByRole('table', { name: 'Runs' });
  await expect(table).toHaveAttribute('aria-rowcount', '101');

  const during = async (window: string) => {
    await page.getByRole('combobox', { name: 'Time' }).click();
    await page.getByRole('option', { name: window, exact: true }).click();
  };
  await during('Today');
  await expect(page.getByText('No run fits these filters')).toBeVisible();
  await during('Yesterday');
  await expect(table).toHaveAttribute('aria-rowcount', '101');
  await page.getByRole('button', { name: 'Show older runs' }).click();
  await expect(table).toHaveAttribute('aria-rowcount', '111');
  await expect(page.getByRole('button', { name: 'Show older runs' })).toBeHidden();
});

test('the list keeps itself up to date, and older runs come when asked for', async ({ page, troupe }) => {
  await page.goto(`${troupe.console}/#/runs`);
  await expect(page.getByText('No runs yet')).toBeVisible();
  await expectAccessible(page);
  const first = await start(troupe, 'assistant', 'Hello');
  const link = page.getByRole('link', { name: 'assistant' });
  await expect(link).toHaveAttribute('href', `#/runs/${first.id}`);
  for (let count = 0; count < 110; count += 10) {
    await Promise.all(Array.from({ length: 10 }, () => start(troupe, 'assistant', 'Hello')));
  }
  await page.reload();
  const table = page.getByRole('table', { name: 'Runs' });
  await expect(table).toHaveAttribute('aria-rowcount', '101');
  await page.getByRole('button', { name: 'Show older runs' }).click();
  await expect(table).toHaveAttribute('aria-rowcount', '112');
  await expect(page.getByRole('button', { name: 'Show older runs' })).toBeHidden();
});

test('a run is opened with the keyboard alone', async ({ page, troupe }) => {
  await start(troupe, 'planner', 'lighthouses');
  await start(troupe, 'assistant', 'Hello');
  await page.goto(`${troupe.console}/#/runs`);
  const row = page.getByRole('row', { name: /assistant/ });
  await row.focus();
  await page.keyboard.press('ArrowDown');
  await expect(page.getByRole('row', { name: /planner/ })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'planner' })).toBeVisible();
  await page.getByRole('button', { name: 'Fold what writer did' }).press('Enter');
  await expect(page.getByRole('button', { name: /^Model cheap/ })).toBeHidden();
});

test('the timeline has model calls, tools and sub-agents with their durations, tokens and cost', async ({
  page,
  troupe,
}) => {
  const run = await start(troupe, 'planner', 'lighthouses');
  await page.goto(`${troupe.console}/#/runs/${run.id}`);
  const steps = page.getByRole('list', { name: 'Timeline of steps' }).getByRole('listitem');
  await expect(steps).toHaveCount(4);
  await expect(steps.nth(0)).toContainText('default');
  await expect(steps.nth(1)).toContainText('writer');
  await expect(steps.nth(2)).toContainText('Lighthouses kept ships off the rocks.');
  await expect(steps.nth(2)).toContainText(/\d+(\.\d)? m?s/);
  await expect(steps.nth(3)).toContainText('The writer says');
  await expect(steps.nth(0)).toContainText('0.000');
  await expect(page.locator('dl').first()).toContainText('Cost');
  await page.getByRole('button', { name: /^Sub-agent writer/ }).click();
  await expect(page.getByRole('group', { name: 'Input' })).toContainText('task:"Write about lighthouses"');
  await expect(page.getByRole('group', { name: 'Output' })).toContainText('kept ships');
  await expectAccessible(page);
  await look(page, 'run-delegates');
});

test('a step tells what went in and what came out', async ({ page, troupe }) => {
  const run = await start(troupe, 'assistant', 'two tools');
  await page.goto(`${troupe.console}/#/runs/${run.id}`);
  await page
    .getByRole('button', { name: /^Model default/ })
    .first()
    .click();
  await expect(page.getByRole('group', { name: 'Thinking' })).toContainText('I greet one');
  await expect(page.getByText('64 of them from the cache')).toBeVisible();
  await page.getByRole('button', { name: /^Tool bash/ }).click();
  await expect(page.getByRole('group', { name: 'Input' })).toContainText('command:"echo out"');
  await expect(page.getByRole('group', { name: 'Output' })).toContainText('out');
  await page.getByRole('tab', { name: 'Input' }).click();
  await expect(page.getByRole('group', { name: 'User' })).toContainText('two tools');
  await page.getByRole('tab', { name: /Events/ }).click();
  const events = page.getByRole('list', { name: 'Events' });
  await expect(events).toContainText('run_accepted');
  await events.getByRole('button', { name: /run_accepted/ }).click();
  await expect(events).toContainText(`run_id:"${run.id}"`);
  await expectAccessible(page);
  await look(page, 'run-events');
});

test('a result that was cut is downloaded whole', async ({ page, troupe }) => {
  const run = await start(troupe, 'assistant', 'much');
  await page.goto(`${troupe.console}/#/runs/${run.id}`);
  await page.getByRole('tab', { name: 'Artifacts' }).click();
  await expect(page.getByRole('list', { name: 'Artifacts' })).toContainText('Result of bash');
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download' }).click();
  const path = await (await download).path();
  expect(readFileSync(path, 'utf8')).toContain('x'.repeat(300_000));
  await expectAccessible(page);
});

test('a run is watched while it goes on, cancelled, and run again', async ({ page, troupe }) => {
  const run = await start(troupe, 'assistant', 'endlessly, please', {});
  await page.goto(`${troupe.console}/#/runs/${run.id}`);
  await expect(page.getByText('Running')).toBeVisible();
  await page.getByRole('button', { name: /^Model default/ }).click();
  const answer = page.getByRole('group', { name: 'Answer' });
  await expect(answer).toContainText('One after the other');
  await page.getByRole('button', { name: 'Cancel run' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel run' }).click();
  await expect(page.getByText('The run was cancelled')).toBeVisible();
  await expect(answer).toContainText('One after the other');
  await expect(answer).not.toContainText('which they are now');
  await page.getByRole('button', { name: 'Run again' }).click();
  await expect(page).not.toHaveURL(new RegExp(run.id));
  await expect(page.getByText('Running')).toBeVisible();
});

test('a call is approved with other arguments', async ({ page, troupe }) => {
  const run = await start(troupe, 'careful', 'Greet her', { wait: 2 });
  await page.goto(`${troupe.console}/#/runs/${run.id}`);
  await expect(page.getByRole('heading', { name: 'May it call greet?' })).toBeVisible();
  await expectAccessible(page);
  await look(page, 'run-approval');
  const text = page.getByRole('textbox', { name: 'Arguments' });
  await text.fill('{"name": ');
  await page.getByRole('button', { name: 'Approve' }).click();
  await expect(page.getByText('This is no JSON object')).toBeVisible();
  await text.fill('{"name": "Grace"}');
  await page.getByRole('button', { name: 'Approve' }).click();
  await expect(page.getByText('Completed')).toBeVisible();
  await page.getByRole('button', { name: /^Tool greet/ }).click();
  await expect(page.getByRole('group', { name: 'Output' })).toContainText('Hello, Grace!');
  await expect(page.getByText('Approved by the user')).toBeVisible();
});

test('a rejected call is told, with the reason', async ({ page, troupe }) => {
  const run = await start(troupe, 'careful', 'Greet her', { wait: 2 });
  await page.goto(`${troupe.console}/#/runs/${run.id}`);
  await page.getByRole('textbox', { name: 'Why not' }).fill('She is asleep');
  await page.getByRole('button', { name: 'Reject' }).click();
  await expect(page.getByText('Completed')).toBeVisible();
  await page.getByRole('button', { name: /^Tool greet/ }).click();
  await expect(page.getByText('Rejected by the user: She is asleep')).toBeVisible();
});

test('a failure is a sentence with a remedy', async ({ page, troupe }) => {
  const run = await start(troupe, 'assistant', 'refuse this');
  await page.goto(`${troupe.console}/#/runs/${run.id}`);
  const alert = page.getByRole('alert');
  await expect(alert).toContainText('The run failed (401)');
  await expect(alert).toContainText('The key is not known');
  await expect(alert).toContainText('Set another one for the model');
  await expectAccessible(page);
  await look(page, 'run-failed');
  await page.getByRole('button', { name: 'Run again' }).click();
  await expect(page).not.toHaveURL(new RegExp(run.id));
  await expect(page.getByRole('alert')).toContainText('The run failed (401)');
  const { runs } = await troupe.api<{ runs: { target: string; status: string }[] }>('GET', '/v1/runs');
  expect(runs.map(({ status }) => status)).toEqual(['failed', 'failed']);
});

test.describe('without the service', () => {
  test.use({ expectedErrors: [/ERR_|status of 50\d/] });

  test('the page of a run catches up when it is back', async ({ page, troupe }) => {
    const run = await start(troupe, 'assistant', 'very slowly, please', {});
    await page.goto(`${troupe.console}/#/runs/${run.id}`);
    await page.getByRole('button', { name: /^Model default/ }).click();
    await expect(page.getByRole('group', { name: 'Answer' })).toContainText('One after the other');
    await troupe.kill();
    await expect(page.getByText('The connection to the service broke')).toBeVisible();
    await troupe.restart();
    await expect(page.getByText('The connection to the service broke')).toBeHidden();
    await expect(page.getByText('Completed')).toBeVisible({ timeout: 60_000 });
    await expect(page.getByRole('group', { name: 'Answer' })).toContainText('which they are now');
  });
});

test('a run that is not there is told, with a way back', async ({ page, troupe, expectedErrors }) => {
  expectedErrors.push(/status of 404/);
  await page.goto(`${troupe.console}/#/runs/01a22224-0000-7000-8000-000000000000`);
  await expect(page.getByRole('alert')).toBeVisible();
  await page.getByRole('button', { name: 'All runs' }).click();
  await expect(page).toHaveURL(/#\/runs$/);
});
