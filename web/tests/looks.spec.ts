// Every page, to be looked at: TROUPE_LOOKS=1 npx playwright test looks. Without it they are only checked by axe.
import { expect, expectAccessible, look, test } from './harness/test';

const PAGES = [
  'chat',
  'workspace',
  'agents',
  'agents/assistant',
  'prompts',
  'tools',
  'models',
  'env',
  'runs',
  'usage',
  'welcome',
];

test.describe('every page', () => {
  for (const path of PAGES) {
    test(`is accessible in both themes: ${path}`, async ({ page, troupe }) => {
      await troupe.api('POST', '/v1/infer', { agent_id: 'assistant', text: 'What time is it?', session_id: 'new' });
      await page.goto(`${troupe.console}/#/${path}`);
      await expect(page.locator('main h1')).toHaveCount(1);
      await expect(page.getByText('Loading')).toHaveCount(0);
      await expectAccessible(page);
      await look(page, path.replaceAll('/', '-'));
    });
  }
});
