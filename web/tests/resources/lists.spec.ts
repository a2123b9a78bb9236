// Lists: live, searched, sorted, copied, deleted together; who uses what is deleted; conditions in words; many rows.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, expectAccessible, fixture, look, test } from '../harness/test';
import { read } from './form';

const basics = fixture('basics');

// Each looks at its pages in two themes; a machine with other work takes its time.
test.describe.configure({ timeout: 120_000 });
test.use({ expectedErrors: [/status of 4\d\d/] });

test('a list follows what happens elsewhere', async ({ page, troupe }) => {
  await page.goto('/#/models');
  await expect(page.getByRole('row', { name: /second/ })).toBeVisible();
  const file = join(troupe.resources, 'third.yaml');
  const manifest =
    'apiVersion: troupe.dev/v1alpha1\nkind: Model\nmetadata: {name: third}\nspec: {protocol: Ollama, baseUrl: "http://127.0.0.1:9", model: tiny}\n';
  await writeFile(file, manifest);
  await expect(page.getByRole('row', { name: /third/ })).toContainText('Ollama');
  await troupe.api('DELETE', '/v1/resources/models/third');
  await expect(page.getByRole('row', { name: /third/ })).toHaveCount(0);
  await expectAccessible(page);
  await look(page, 'models');
});

test('a resource is copied under another name', async ({ page, troupe }) => {
  await page.goto('/#/models');
  await page.getByRole('button', { name: 'Actions for second' }).click();
  await page.getByRole('menuitem', { name: 'Copy' }).click();
  await expect(page.getByLabel('Name', { exact: false }).first()).toHaveValue('second-copy');
  await page.getByRole('button', { name: 'Create' }).click();
  await expect(page).toHaveURL(/#\/models\/second-copy$/);
  expect((await read(troupe, 'models/second-copy')).spec.model).toBe('scripted-2');
});

test('deleting what is in use says by whom', async ({ page }) => {
  await page.goto('/#/models');
  await page.getByRole('button', { name: 'Actions for default' }).click();
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  const dialog = page.getByRole('dialog', { name: 'Delete default?' });
  await expect(dialog.getByText('default is used in 1 place')).toBeVisible();
  await expect(dialog.getByRole('link', { name: 'Agent assistant' })).toHaveAttribute('href', '#/agents/assistant');
  await expect(dialog).toContainText('spec.modelRef');
  await expectAccessible(page);
  await look(page, 'delete-used');
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await expect(page.getByRole('row', { name: /^.*default/ })).toBeVisible();
});

test('one is deleted from its own page, and what used it says what it lacks', async ({ page, troupe }) => {
  await page.goto('/#/models/default');
  await page.getByRole('button', { name: 'Actions for default' }).click();
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  const dialog = page.getByRole('dialog', { name: 'Delete default?' });
  await expect(dialog.getByRole('link', { name: 'Agent assistant' })).toBeVisible();
  await dialog.getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(page).toHaveURL(/#\/models$/);
  await expect(page.getByRole('row', { name: /second/ })).toBeVisible();
  await expect(page.getByRole('row', { name: /default/ })).toHaveCount(0);
  await page.goto('/#/agents');
  await expect(page.getByRole('row', { name: /Assistant/ })).toContainText('Not ready');
  const { items } = await troupe.api<{ items: unknown[] }>('GET', '/v1/resources/models');
  expect(items).toHaveLength(1);
});

test('several are deleted together, and it is said which of them are in use', async ({ page, troupe }) => {
  await page.goto('/#/models');
  await page.getByLabel('Select second').check();
  await page.getByLabel('Select default').check();
  await page.getByRole('button', { name: 'Delete 2' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByText('default is used in 1 place')).toBeVisible();
  await expect(dialog.getByText('second is used')).toHaveCount(0);
  await expectAccessible(page);
  await dialog.getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(page.getByText('2 resources deleted')).toBeVisible();
  const { items } = await troupe.api<{ items: unknown[] }>('GET', '/v1/resources/models');
  expect(items).toHaveLength(0);
});

test.describe('a resource with trouble', () => {
  const broken =
    'apiVersion: troupe.dev/v1alpha1\nkind: Agent\nmetadata: {name: lost}\nspec: {modelRef: {name: nowhere}}\n';
  test.use({ manifests: { ...basics, 'lost.yaml': broken } });

  test('says in words what is wrong and what to do', async ({ page, troupe }) => {
    await page.goto('/#/agents');
    await expect(page.getByRole('row', { name: /lost/ })).toContainText('Not ready');
    await page.getByRole('row', { name: /lost/ }).getByRole('link').click();
    await expect(page.getByText('Create what is named, or refer to something that exists.').first()).toBeVisible();
    await page.getByRole('tab', { name: /State/ }).click();
    const state = page.getByRole('tabpanel');
    await expect(state).toContainText('Something that it refers to does not exist.');
    await expect(state).toContainText('nowhere');
    await expectAccessible(page);
    await look(page, 'agent-trouble');
    // It heals by itself as soon as the model is there.
    const model = {
      apiVersion: 'troupe.dev/v1alpha1',
      kind: 'Model',
      metadata: { name: 'nowhere' },
      spec: { protocol: 'OpenAI', baseUrl: 'http://127.0.0.1:9/v1', model: 'm' },
    };
    await troupe.api('PUT', '/v1/resources/models/nowhere', model);
    await expect(page.getByText('Ready', { exact: true }).first()).toBeVisible();
  });
});

test.describe('ten thousand agents', () => {
  const agent = (index: number) =>
    `apiVersion: troupe.dev/v1alpha1\nkind: Agent\nmetadata: {name: agent-${index}}\nspec: {displayName: Agent ${index}, description: Number ${index} of many., modelRef: {name: default}}\n`;
  const many = Array.from({ length: 10_000 }, (_, index) => agent(index)).join('---\n');
  test.use({ manifests: { ...basics, 'many.yaml': many } });

  test('are listed, filtered, sorted and scrolled without a stutter', async ({ page }) => {
    await page.goto('/#/agents');
    await expect(page.getByText('10,001 agents')).toBeVisible({ timeout: 20_000 });
    await expect(page.getByRole('row', { name: /Agent 0/ })).toBeVisible();
    expect(await page.getByRole('row').count()).toBeLessThan(80);

    // A fling: ten rows a frame, for two seconds.
    const frames = await page.evaluate(async () => {
      const viewport = document.querySelector('[role=table] .viewport') as HTMLElement;
      const taken: number[] = [];
      let last = performance.now();
      for (let step = 0; step < 120; step++) {
        viewport.scrollTop += 400;
        await new Promise(requestAnimationFrame);
        const now = performance.now();
        taken.push(now - last);
        last = now;
      }
      return taken.sort((left, right) => left - right);
    });
    const [median, slow] = [frames[60] ?? 0, frames[113] ?? 0];
    test
      .info()
      .annotations.push({ type: 'frames', description: `${median.toFixed(1)} ms, 95 %: ${slow.toFixed(1)} ms` });
    // How long they took is noted and not judged: machines with other work stutter by themselves.

    const start = Date.now();
    await page.getByRole('searchbox', { name: 'Search' }).fill('number 9876 ');
    await expect(page.getByText('1 of 10,001')).toBeVisible();
    test.info().annotations.push({ type: 'filter', description: `${Date.now() - start} ms` });
    await expect(page.getByRole('row', { name: /Agent 9876/ })).toBeVisible();
    await page.getByRole('searchbox', { name: 'Search' }).fill('');
    await page.getByRole('button', { name: 'Name' }).click();
    await expect(page.getByRole('row', { name: /Assistant/ })).toBeVisible();
  });
});

for (const [name, title] of [
  ['agents', 'Agents'],
  ['models', 'Models'],
  ['prompts', 'Prompts'],
  ['tools', 'Tools'],
  ['env', 'Environment'],
  ['resources/teams', 'Teams'],
  ['resources/runtimes', 'Runtimes'],
]) {
  test(`the page ${name} can be used by everybody`, async ({ page }) => {
    await page.goto(`/#/${name}`);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(title ?? '');
    await expect(page.locator('.skeleton')).toHaveCount(0);
    await expectAccessible(page);
    await look(page, `page-${(name ?? '').replace('/', '-')}`);
  });
}
