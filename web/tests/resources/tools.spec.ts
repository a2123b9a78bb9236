// Tools: grouped by server with what each offers, called through a form of their schema, registered and deleted.
import { join } from 'node:path';

import { here } from '../harness/places';
import { expect, expectAccessible, fixture, look, test } from '../harness/test';
import { read } from './form';

const server = here('tests/fixtures/tools/server.mjs');
const files = fixture('tools');
const manifests = {
  ...fixture('basics'),
  'tools.yaml': (files['tools.yaml'] ?? '').replace('NODE', process.execPath).replace('SERVER', server),
};

// Each looks at its pages in two themes; a machine with other work takes its time.
test.describe.configure({ timeout: 120_000 });
test.use({ manifests, expectedErrors: [/status of 4\d\d/] });

test('tools stand under the server that offers them, with its state', async ({ page }) => {
  await page.goto('/#/tools');
  await expect(page.getByRole('button', { name: 'clock', exact: true })).toBeVisible();
  await expect(page.getByRole('link', { name: 'time_in' })).toBeVisible();
  await expect(page.getByRole('button', { name: 'gone', exact: true })).toBeVisible();
  await expect(page.getByText(/no-such-command/)).toBeVisible();
  await expect(page.getByRole('link', { name: 'checklist' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'bash' })).toBeVisible();
  await expectAccessible(page);
  await look(page, 'tools');
  await page.getByRole('searchbox').fill('checkl');
  await expect(page.getByRole('link', { name: 'bash' })).toHaveCount(0);
  await page.getByRole('searchbox').fill('');
  await page.getByRole('button', { name: 'clock', exact: true }).click();
  await expect(page.getByRole('link', { name: 'time_in' })).toHaveCount(0);
});

test('a tool of a server is called through a form made of its schema', async ({ page }) => {
  await page.goto('/#/tools');
  await page.getByRole('link', { name: 'time_in' }).click();
  await page.getByRole('button', { name: 'Call', exact: true }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'Must be given.' })).toBeVisible();
  await page.getByRole('textbox', { name: 'Zone' }).fill('Europe/Rome');
  await page.getByLabel('Style').click();
  await page.getByRole('option', { name: 'long' }).click();
  await page.getByRole('button', { name: 'Call', exact: true }).click();
  await expect(page.locator('pre').last()).toContainText('"zone": "Europe/Rome"');
  await expect(page.locator('pre').last()).toContainText('"style": "long"');
  await expectAccessible(page);
  await look(page, 'tool-call');
  // A tool that fails says so in its own words.
  await page.getByRole('textbox', { name: 'Zone' }).fill('Nowhere');
  await page.getByRole('button', { name: 'Call', exact: true }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'there is no zone Nowhere' })).toBeVisible();
});

test('a Tool of one’s own is called where it is edited', async ({ page }) => {
  await page.goto('/#/tools/Tool/checklist');
  await page.getByRole('textbox', { name: 'Title' }).fill('Trip');
  await page.getByRole('button', { name: 'Add to Steps' }).click();
  await page.getByRole('textbox', { name: 'Item 1' }).fill('Pack');
  await page.getByRole('button', { name: 'Call', exact: true }).click();
  await expect(page.locator('pre').last()).toContainText('- [ ] Pack');
  await expectAccessible(page);
  await look(page, 'tool');
});

test('a tool of a server becomes a Tool with a name of its own', async ({ page, troupe }) => {
  await page.goto('/#/tools');
  await page.getByRole('link', { name: 'time_in' }).click();
  await page.getByRole('link', { name: 'Make a Tool of it' }).click();
  await page.getByLabel('Name', { exact: false }).first().fill('my-time');
  await page.getByRole('button', { name: 'Create' }).click();
  await expect(page).toHaveURL(/Tool\/my-time$/);
  expect((await read(troupe, 'tools/my-time')).spec.mcp).toEqual({ server: { name: 'clock' }, tool: 'time_in' });
});

test('servers are registered from pasted JSON, and their secrets are masked ever after', async ({ page, troupe }) => {
  await page.goto('/#/tools');
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await page.getByRole('menuitem', { name: 'Paste mcpServers JSON' }).click();
  const editor = page.getByRole('textbox', { name: 'Paste mcpServers JSON' });
  const paste = async (value: unknown) => {
    await editor.click();
    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.insertText(JSON.stringify(value, null, 2));
  };
  await paste({ mcpServers: { broken: { command: 'no-such-command' } } });
  await page.getByRole('button', { name: 'Connect and keep' }).click();
  await expect(page.getByRole('dialog').getByRole('alert')).toContainText('No such file');
  await paste({ mcpServers: { second: { command: process.execPath, args: [server], env: { KEY: 'sesame-open' } } } });
  await page.getByRole('button', { name: 'Connect and keep' }).click();
  await expect(page.getByText('1 server with 2 tools registered')).toBeVisible();
  await expect(page.getByRole('button', { name: 'second', exact: true })).toBeVisible();
  expect(JSON.stringify(await troupe.api('GET', '/v1/mcp-servers'))).not.toContain('sesame-open');
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await page.getByRole('menuitem', { name: 'Paste mcpServers JSON' }).click();
  await page.getByRole('button', { name: 'Load what is there' }).click();
  await expect(editor).toContainText('second');
  await expect(editor).not.toContainText('sesame-open');
  await expectAccessible(page);
});

test('a skill is registered by its folder', async ({ page, troupe }) => {
  const { mkdir, writeFile } = await import('node:fs/promises');
  const folder = join(troupe.workspace, 'report');
  await mkdir(folder);
  await writeFile(join(folder, 'SKILL.md'), '---\nname: report\ndescription: Writes reports.\n---\nWrite.\n');
  await page.goto('/#/tools');
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await page.getByRole('menuitem', { name: 'Register a skill' }).click();
  await page.getByLabel('Folder').fill(folder);
  await page.getByRole('button', { name: 'Register', exact: true }).click();
  await expect(page.getByRole('link', { name: 'report' })).toBeVisible();
});

test('several tools are deleted together: own ones go, a server’s are offered no more', async ({ page, troupe }) => {
  await page.goto('/#/tools');
  await page.getByLabel('Select checklist').check();
  await page.getByLabel('Select time_in').check();
  await page.getByRole('button', { name: 'Delete 2' }).click();
  await expect(page.getByRole('dialog')).toContainText('it will offer them no more');
  await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(page.getByText('2 resources deleted')).toBeVisible();
  await expect(page.getByRole('link', { name: 'time_in' })).toHaveCount(0);
  expect((await read(troupe, 'mcpservers/clock')).spec.toolFilter).toEqual({ exclude: ['time_in'] });
});
