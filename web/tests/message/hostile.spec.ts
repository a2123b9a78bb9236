// Every hostile text in a real browser, without the policy that would stop what our own code let through.
import { HOSTILE } from '../../src/lib/markdown/hostile';
import { foundParts } from './found';
import { expect, test } from './gallery';

test.use({ policy: false });

test('a hostile text runs, loads, styles and leads nowhere', async ({ page, gallery }) => {
  const elsewhere: string[] = [];
  const opened: string[] = [];
  page.on('request', (request) => {
    if (!request.url().startsWith(new URL(gallery).origin) && !/^(?:data|blob):/.test(request.url())) {
      elsewhere.push(request.url());
    }
  });
  page.on('dialog', (dialog) => {
    opened.push(dialog.message());
    void dialog.dismiss();
  });
  page.context().on('page', (other) => opened.push(other.url()));

  await page.goto(`${gallery}#hostile`);
  await expect(page.locator('[data-vector]')).toHaveCount(Object.keys(HOSTILE).length);
  await expect(page.locator('.katex').first()).toBeVisible();
  // Whatever wants the pointer gets it, and whatever can open is opened.
  await page.locator('[data-vector] :is(b, p, div, td, summary)').evaluateAll((elements) => {
    for (const element of elements) {
      for (const type of ['mouseover', 'focus', 'click'])
        element.dispatchEvent(new MouseEvent(type, { bubbles: true }));
    }
  });
  await page.waitForTimeout(300);

  expect(elsewhere).toEqual([]);
  expect(opened).toEqual([]);
  expect(page.url()).toBe(`${gallery}#hostile`);
  expect(await page.evaluate(() => (window as unknown as { hostile?: number }).hostile)).toBeUndefined();
  expect(await page.evaluate(foundParts)).toEqual([]);
  // The page's own names are what they were.
  expect(
    await page.evaluate(() => [typeof document.getElementById, typeof document.cookie, document.body.tagName]),
  ).toEqual(['function', 'string', 'BODY']);
});
