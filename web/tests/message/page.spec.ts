// A hostile answer on the real page: said by a model, streamed by the service, stored, and read again.
import { HOSTILE } from '../../src/lib/markdown/hostile';
import { chat, Desk } from '../chat/desk';
import { expect, expectAccessible, test } from '../harness/test';
import { foundParts } from './found';

const TEXT = `${Object.values(HOSTILE).join('\n\n')}\n\nThat was **all of it**.`;
const rule = {
  when: { last_user_contains: 'Be hostile' },
  reply: { deltas: TEXT.match(/[\s\S]{1,60}/g) ?? [] },
  pace: { between_ms: 4 },
};

test.use({
  ...chat,
  scenario: chat.scenario.replace(/^rules:$/m, `rules:\n  - ${JSON.stringify(rule)}`),
  // Pictures of this origin may be asked for; there are none.
  expectedErrors: [/404|Content Security Policy/],
});

test('a hostile answer does nothing while it comes, and nothing when it is read again', async ({ page, troupe }) => {
  // A hundred texts, twice, and axe over all of them in both themes.
  test.slow();
  const elsewhere: string[] = [];
  page.on('request', (request) => {
    if (!request.url().startsWith(troupe.console) && !/^(?:data|blob):/.test(request.url()))
      elsewhere.push(request.url());
  });
  page.on('dialog', (dialog) => {
    elsewhere.push(dialog.message());
    void dialog.dismiss();
  });
  const desk = await Desk.open(page, troupe.console);
  await desk.say('Be hostile');
  await desk.answered('all of it');
  await desk.idle();
  const check = async () => {
    expect(await page.locator('.markdown-block').count()).toBeGreaterThan(20);
    expect(elsewhere).toEqual([]);
    expect(await page.evaluate(() => (window as unknown as { hostile?: number }).hostile)).toBeUndefined();
    expect(await page.evaluate(foundParts)).toEqual([]);
    await expect(desk.field).toBeVisible();
  };
  await check();
  await page.reload();
  await desk.answered('all of it');
  await check();
  await expectAccessible(page, '.markdown');
});
