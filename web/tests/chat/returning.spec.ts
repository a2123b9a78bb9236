// The network, the page or the service goes away in the middle of an answer, and nothing is lost or said twice.
import { expect, expectAccessible, test } from '../harness/test';
import { chat, Desk, SLOW_END } from './desk';

test.use({ ...chat, expectedErrors: [/Failed to load resource|ERR_|the server responded with a status of 50/] });

const words = async (desk: Desk) => (await desk.turns.innerText()).match(/One after the other/g)?.length;

test('the service dies in the middle of an answer, and the answer goes on when it is back', async ({
  page,
  troupe,
}) => {
  const desk = await Desk.open(page, troupe.console);
  await desk.say('Speak slowly');
  await desk.answered(/there is time/);
  await troupe.kill();
  await expect(page.getByText(/The connection is lost/)).toBeVisible();
  await troupe.restart();
  await desk.answered(SLOW_END);
  await desk.idle();
  expect(await words(desk)).toBe(1);
  await expect(page.getByText(/The connection is lost/)).toHaveCount(0);
});

test('the network goes away in the middle of an answer', async ({ context, page, troupe }) => {
  const desk = await Desk.open(page, troupe.console);
  await desk.say('Speak slowly');
  await desk.answered(/there is time/);
  await context.setOffline(true);
  await page.waitForTimeout(700);
  await context.setOffline(false);
  await desk.answered(SLOW_END);
  expect(await words(desk)).toBe(1);
});

test('the page is loaded again in the middle of an answer', async ({ page, troupe }) => {
  const desk = await Desk.open(page, troupe.console);
  await desk.say('Speak slowly');
  await desk.answered(/there is time/);
  await page.reload();
  await desk.answered(SLOW_END);
  expect(await words(desk)).toBe(1);
});

test('a message that is sent while the service is away arrives once, when it is back', async ({ page, troupe }) => {
  const desk = await Desk.open(page, troupe.console);
  await desk.say('Say one');
  await desk.answered('You said: Say one');
  await troupe.kill();
  await desk.say('Say two');
  await page.waitForTimeout(300);
  await troupe.restart();
  await desk.answered('You said: Say two');
  const { runs } = await troupe.api<{ runs: unknown[] }>('GET', '/v1/runs');
  expect(runs).toHaveLength(2);
});

test('a message that cannot be sent stays, with the reason, and is sent again', async ({ page, troupe }) => {
  const desk = await Desk.open(page, troupe.console);
  await desk.say('Say one');
  await desk.answered('You said: Say one');
  await troupe.kill();
  await desk.say('Say two');
  await desk.answered('The service does not answer.');
  await expectAccessible(page);
  await troupe.restart();
  await desk.turns.getByRole('button', { name: 'Try again' }).click();
  await desk.answered('You said: Say two');
});

test('what was typed and not sent is there after the page is loaded again', async ({ page, troupe }) => {
  const desk = await Desk.open(page, troupe.console);
  await desk.write('A thought that I have not');
  await page.waitForTimeout(300);
  await page.reload();
  await expect(desk.field).toHaveText('A thought that I have not');
  await desk.say(' finished');
  await desk.answered(/You said: A thought/);
  await page.reload();
  await expect(desk.field).toHaveText('');
});

test.describe('where the service asks who one is', () => {
  test.use({ token: 'first' });

  test('a sign-in that has expired loses nothing that was typed', async ({ page, troupe }) => {
    await page.addInitScript(() => {
      if (!sessionStorage.getItem('token')) sessionStorage.setItem('token', 'expired');
    });
    await page.goto(`${troupe.console}/#/chat`);
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel(/token/i).first().fill('first');
    await page.keyboard.press('Enter');
    const desk = new Desk(page);
    await desk.say('Hello there');
    await desk.answered('You said: Hello there');
    await desk.write('Something long');
    await page.evaluate(() => sessionStorage.setItem('token', 'expired'));
    await page.reload();
    await dialog.getByLabel(/token/i).first().fill('first');
    await page.keyboard.press('Enter');
    await expect(desk.field).toHaveText('Something long');
  });

  test('a message that is sent with a token that has expired arrives once somebody has signed in', async ({
    page,
    troupe,
  }) => {
    await page.addInitScript(() => sessionStorage.setItem('token', 'first'));
    const desk = await Desk.open(page, troupe.console);
    await desk.say('Say one');
    await desk.answered('You said: Say one');
    await desk.idle();
    await page.route('**/v1/**', (route) =>
      route.continue({ headers: { ...route.request().headers(), authorization: 'Bearer expired' } }),
    );
    await desk.say('Say two');
    const dialog = page.getByRole('dialog', { name: 'Sign in' });
    await expect(dialog).toBeVisible();
    await page.unroute('**/v1/**');
    await dialog.getByLabel('Token').fill('first');
    await page.keyboard.press('Enter');
    await desk.answered('You said: Say two');
    const { runs } = await troupe.api<{ runs: unknown[] }>('GET', '/v1/runs');
    expect(runs).toHaveLength(2);
  });
});
