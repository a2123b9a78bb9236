// The console opens, every page of it, without an error.
import { expect, expectAccessible, test } from './harness/test';

const PAGES = ['chat', 'workspace', 'agents', 'prompts', 'tools', 'models', 'env', 'runs', 'usage'];

test('every page opens from the navigation', async ({ page, troupe }) => {
  await page.goto(troupe.console);
  for (const name of PAGES) {
    await page.getByRole('navigation').locator(`a[href="#/${name}"]`).click();
    await expect(page.getByRole('navigation').locator('a[aria-current=page]')).toHaveAttribute('href', `#/${name}`);
    await expect(page.locator('main h1')).toHaveCount(1);
  }
  await expectAccessible(page);
});
