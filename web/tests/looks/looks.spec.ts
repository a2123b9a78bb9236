// Every page, full of what people keep in it, to be looked at in both languages: TROUPE_LOOKS=1 npx playwright test looks.
// Without it they are only checked by axe.
import { readFileSync } from 'node:fs';

import type { Page } from '@playwright/test';

import { here } from '../harness/places';
import { expect, expectAccessible, look, test } from '../harness/test';
import { fill, office, work } from './office';

// Each walks through many pages, in two themes.
test.describe.configure({ timeout: 300_000 });
test.use(office);

const LANGUAGES = { en: 'en-GB', zh: 'zh-CN' };

const RESOURCES = [
  'agents',
  'agents/~new',
  'agents/assistant',
  'agents/contract-reviewer',
  'models',
  'models/~new',
  'models/default',
  'prompts',
  'prompts/~new',
  'prompts/front-desk',
  'tools',
  'tools/Tool/pay-invoice',
  'tools/Tool/~new',
  'tools/McpServer/clock',
  'tools/McpServer/~new',
  'env',
];

/** Goes to a page and waits until all of it is there. */
async function show(page: Page, console: string, path: string): Promise<void> {
  await page.goto(`${console}/#/${path}`);
  await expect(page.locator('main h1')).toHaveCount(1);
  await expect(page.locator('.skeleton, [data-loading]')).toHaveCount(0);
  await expect(page.getByRole('status', { name: /Loading|加载中/ })).toHaveCount(0);
}

/** No bar of a page has more in it than a phone is wide. */
async function expectFitting(page: Page): Promise<void> {
  const before = page.viewportSize();
  await page.setViewportSize({ width: 390, height: 844 });
  const tooWide = () =>
    page.evaluate(() =>
      [...document.querySelectorAll('main header, main [role=table]')]
        .filter((bar) => bar.scrollWidth > bar.clientWidth)
        .map((bar) => bar.textContent),
    );
  await expect.poll(tooWide).toEqual([]);
  if (before) await page.setViewportSize(before);
}

for (const [language, locale] of Object.entries(LANGUAGES)) {
  test.describe(`in ${language}`, () => {
    test.use({ locale });
    const words = JSON.parse(readFileSync(here(`src/messages/${language}/resources.json`), 'utf8')) as Record<
      string,
      string
    >;

    const see = async (page: Page, name: string, options?: { tall?: boolean }) => {
      await expectAccessible(page);
      await expectFitting(page);
      await look(page, `${language}-${name.replaceAll(/[/~]+/g, '-')}`, options);
    };

    test('resources', async ({ page, troupe }) => {
      for (const path of RESOURCES) {
        await show(page, troupe.console, path);
        await see(page, path);
      }
      await show(page, troupe.console, 'agents/contract-reviewer');
      for (const pane of ['status', 'uses', 'revisions']) {
        await page.getByRole('tab', { name: words[`pane.${pane}`] }).click();
        await see(page, `agent-${pane}`);
      }
    });

    test('what opens over a page', async ({ page, troupe }) => {
      await show(page, troupe.console, 'agents');
      const menu = page.getByRole('row').nth(6).getByRole('button');
      await menu.click();
      await see(page, 'menu');
      await page.getByRole('menuitem').last().click();
      await expect(page.getByRole('dialog').getByRole('listitem').first()).toBeVisible();
      await see(page, 'delete');
      await page.keyboard.press('Escape');
      await expect(page.getByRole('dialog')).toHaveCount(0);
      await page.keyboard.press('Control+k');
      await expect(page.getByRole('option', { name: /Front desk/ })).toBeVisible();
      await see(page, 'palette');
      await page.keyboard.press('Escape');
      await show(page, troupe.console, 'agents/assistant');
      await page.getByRole('textbox', { name: 'YAML' }).click();
      await page.keyboard.press('ControlOrMeta+f');
      await expect(page.getByRole('textbox', { name: language === 'zh' ? '查找' : 'Find', exact: true })).toBeFocused();
      // A phone shows the form in its place.
      await expectAccessible(page);
      await look(page, `${language}-find`);
      await show(page, troupe.console, 'env');
      await page.getByRole('button', { name: words['env.detect'] }).click();
      await expect(page.getByRole('table')).toBeVisible();
      await see(page, 'env-detected');
      await page.goto(`${troupe.console}/#/nowhere`);
      await expect(page.getByText('/nowhere')).toBeVisible();
      await see(page, 'nowhere');
    });

    test('conversations', async ({ page, troupe }) => {
      await fill(troupe);
      const { figures, plan, payment, failed } = await work(troupe);
      await show(page, troupe.console, 'chat');
      await see(page, 'chat');
      for (const [name, { session_id }] of Object.entries({ figures, plan, payment, failed })) {
        await show(page, troupe.console, `chat/${session_id}`);
        await expect(page.locator('main').getByRole('listitem').nth(1)).toBeVisible();
        if (name === 'figures') await expect(page.locator('.katex').first()).toBeVisible();
        await see(page, `chat-${name}`, { tall: true });
      }
    });

    test('runs and usage', async ({ page, troupe }) => {
      await fill(troupe);
      const { plan, payment, failed } = await work(troupe);
      await show(page, troupe.console, 'runs');
      const row = page.getByRole('row', { name: /Event planner/ });
      await expect(row).toContainText('Plan the winter');
      await expect(row).toContainText('$0.0');
      for (const [path, name] of [
        ['runs', 'runs'],
        [`runs/${plan.id}`, 'run-plan'],
        [`runs/${payment.id}`, 'run-payment'],
        [`runs/${failed.id}`, 'run-failed'],
        ['usage', 'usage'],
        ['usage?group=agent&measure=cost', 'usage-cost'],
      ] as const) {
        await show(page, troupe.console, path);
        await see(page, name);
      }
    });

    test('files', async ({ page, troupe }) => {
      await fill(troupe);
      await show(page, troupe.console, 'workspace');
      await page.setViewportSize({ width: 1600, height: 1000 });
      await page.getByText('README.md').last().click();
      await expect(page.getByText('Lantern & Sons')).toBeVisible();
      await see(page, 'workspace');
      await show(page, troupe.console, `workspace?path=${encodeURIComponent(`${troupe.workspace}/handbook`)}`);
      await expect(page.getByText('agenda.md').last()).toBeVisible();
      await see(page, 'workspace-folder');
    });

    test('the first page', async ({ page, troupe }) => {
      await show(page, troupe.console, 'welcome');
      await see(page, 'welcome');
    });
  });
}
