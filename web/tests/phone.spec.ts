// Every page on a telephone: nothing is wider than it, and everybody can use it.
import { expect, expectAccessible, fixture, test } from './harness/test';

test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, manifests: fixture('runs') });

const PAGES: [path: string, heading: string | RegExp][] = [
  ['/chat', 'New conversation'],
  ['/workspace', 'Workspace'],
  ['/agents', 'Agents'],
  ['/agents/planner', /planner/i],
  ['/agents/~new', 'New agent'],
  ['/models', 'Models'],
  ['/models/default', /default/],
  ['/prompts', 'Prompts'],
  ['/tools', 'Tools'],
  ['/resources/teams', 'Teams'],
  ['/env', 'Environment'],
  ['/runs', 'Runs'],
  ['/usage', 'Usage'],
  ['/welcome', /./],
];

test('no page is wider than a telephone', async ({ page, troupe }) => {
  // Axe looks at all pages, twice.
  test.setTimeout(300_000);
  const run = await troupe.api<{ id: string }>('POST', '/v1/agents/planner/runs', { input: 'lighthouses', wait: 10 });
  for (const [path, heading] of [...PAGES, [`/runs/${run.id}`, 'Run'] as const]) {
    await test.step(path, async () => {
      await page.goto(`${troupe.console}/#${path}`);
      await expect(page.getByRole('heading', { level: 1 })).toHaveText(heading);
      await expect(page.locator('.skeleton')).toHaveCount(0);
      const width = () => page.evaluate(() => document.documentElement.scrollWidth);
      await expect.poll(width).toBeLessThanOrEqual(390);
      await expectAccessible(page);
    });
  }
});
