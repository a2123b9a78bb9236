// Every part of a conversation, in every state: looked at, used with the keyboard, heard by a screen reader.
import { expectAccessible } from '../harness/accessible';
import { here } from '../harness/places';
import { expect, test } from './gallery';

test('every state is accessible in both themes', async ({ page, gallery }) => {
  test.slow();
  await page.goto(`${gallery}#states`);
  await expect(page.locator('[data-state]')).not.toHaveCount(0);
  await expectAccessible(page);
  await page.goto(`${gallery}#markdown`);
  await page.reload();
  await expect(page.locator('.katex').first()).toBeVisible();
  await expectAccessible(page);
});

test('a card is used with the keyboard alone', async ({ page, gallery }) => {
  await page.goto(`${gallery}#states`);
  const card = page.getByRole('group', { name: 'Tool call: list_replicas' });
  const head = card.getByRole('button', { name: /list_replicas/ });
  await head.focus();
  await expect(head).toHaveAttribute('aria-expanded', 'true');
  await page.keyboard.press('Enter');
  await expect(card.getByRole('group', { name: 'Output' })).toHaveCount(0);
  await page.keyboard.press('Space');
  await card.getByRole('button', { name: 'Show all 40 lines' }).focus();
  await page.keyboard.press('Enter');
  await expect(card.getByText('replica-39')).toBeVisible();
});

test('a long text of a result opens to all of it', async ({ page, gallery }) => {
  await page.goto(`${gallery}#states`);
  const card = page.getByRole('group', { name: 'Tool call: get_records' });
  await card.getByRole('button', { name: /Show all/ }).click();
  const note = card.getByRole('button', { name: /^note:/ });
  const width = await card.evaluate((element) => element.clientWidth);
  expect(await note.evaluate((element) => element.scrollWidth)).toBeLessThanOrEqual(width);
  await note.click();
  await expect(card.getByText('It has a second line, too.')).toBeVisible();
});

test('an approval takes edited arguments only when they are JSON', async ({ page, gallery }) => {
  await page.goto(`${gallery}#states`);
  const card = page.getByRole('group', { name: 'Tool call: scale_deployment' });
  const field = card.getByLabel('Arguments');
  await field.fill('{"replicas": }');
  await expect(card.getByRole('alert')).toContainText('This is no JSON object');
  await expect(card.getByRole('button', { name: 'Approve' })).toBeDisabled();
  await field.fill('{"replicas": 5}');
  await expect(card.getByRole('button', { name: 'Approve as edited' })).toBeEnabled();
  await card.getByRole('button', { name: 'Undo changes' }).click();
  await expect(field).toHaveValue(/schema v1/);
  await card.getByRole('button', { name: 'Reject…' }).click();
  await expect(card.getByLabel('Reason, which the model reads')).toBeFocused();
});

test('thinking is open while it is written, and folded when the answer begins', async ({ page, gallery }) => {
  await page.goto(`${gallery}#states`);
  await expect(page.locator('[data-state=thinking]').getByText('I should ask')).toBeVisible();
  const answered = page.locator('[data-state=writing]');
  await expect(answered.getByText('The replicas say their version.')).toHaveCount(0);
  await answered.getByRole('button', { name: 'Thought' }).click();
  await expect(answered.getByText('The replicas say their version.')).toBeVisible();
});

test('words that come are not read out one by one', async ({ page, gallery }) => {
  await page.goto(`${gallery}#states`);
  const writing = page.locator('[data-state=writing]');
  expect(
    await writing
      .locator('.markdown')
      .evaluate((text) => text.closest('[aria-live], [role=status], [role=log], [role=alert]')),
  ).toBeNull();
  await expect(writing.getByRole('article')).toHaveAttribute('aria-busy', 'true');
  await expect(writing.getByRole('status')).toHaveText('Researcher is answering.');
  await expect(page.locator('[data-state=approval]').getByRole('status')).toHaveText(
    'Your approval is wanted for scale_deployment.',
  );
  // What was over before it was shown is no news.
  await expect(page.locator('[data-state=limit]').getByRole('status')).toHaveCount(0);
});

test('usage tells tokens, cost, speed and the first token', async ({ page, gallery }) => {
  await page.goto(`${gallery}#states`);
  await page
    .locator('[data-state=limit]')
    .getByRole('button', { name: /^Usage/ })
    .click();
  const panel = page.getByRole('dialog', { name: 'Usage' });
  for (const words of ['3,592', '0.018', '107 tokens/s', '312 ms', 'large']) await expect(panel).toContainText(words);
  await expectAccessible(page);
});

test('code is copied as it was written', async ({ page, context, gallery }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.goto(`${gallery}#markdown`);
  await page.getByRole('button', { name: 'Copy the code' }).nth(1).click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toMatch(/^SELECT name.*LIMIT 10;$/);
  await page.getByRole('button', { name: 'Show all 47 lines' }).click();
  await expect(page.getByText('total_44 =')).toBeVisible();
  await expect(page.locator('.code-keyword').first()).toBeVisible();
});

for (const name of ['states', 'markdown']) {
  test(`looks: ${name}`, async ({ page, gallery }) => {
    test.skip(!process.env.TROUPE_LOOKS, 'only where pictures are wanted');
    await page.goto(`${gallery}#${name}`);
    await page.addStyleTag({
      content: 'html, body, #app, main { height: auto !important; overflow: visible !important }',
    });
    for (const width of [390, 1024, 1600]) {
      await page.setViewportSize({ width, height: 900 });
      for (const theme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
        await page.waitForTimeout(400);
        await page.screenshot({
          path: here(`test-results/looks/message-${name}-${width}-${theme}.png`),
          fullPage: true,
        });
      }
    }
  });
}
