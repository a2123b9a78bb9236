// What was said is taken back, changed, said again.
import { expect, expectAccessible, test } from '../harness/test';
import { chat, Desk } from './desk';

test.use(chat);

test('a message and everything after it is revoked', async ({ page, troupe }) => {
  const desk = await Desk.open(page, troupe.console);
  await desk.say('Say one');
  await desk.answered('You said: Say one');
  await desk.say('Say two');
  await desk.answered('You said: Say two');
  const second = desk.turns.getByRole('listitem').filter({ hasText: 'Say two' }).first();
  await second.hover();
  await second.getByRole('button', { name: 'Revoke' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await expect(desk.turns).not.toContainText('Say two');
  await page.reload();
  await desk.answered('You said: Say one');
  await expect(desk.turns).not.toContainText('Say two');
});

test('a message is edited and sent again in its place', async ({ page, troupe }) => {
  const desk = await Desk.open(page, troupe.console);
  await desk.say('Say oen');
  await desk.answered('You said: Say oen');
  const message = desk.turns.getByRole('listitem').filter({ hasText: 'Say oen' }).first();
  await message.hover();
  await message.getByRole('button', { name: 'Edit and send again' }).click();
  const form = page.getByRole('listitem').getByRole('textbox', { name: 'Message' });
  await expect(form).toBeVisible();
  await expectAccessible(page);
  await form.fill('Say one');
  await page.keyboard.press('Control+Enter');
  await desk.answered('You said: Say one');
  await expect(desk.turns).not.toContainText('oen');
});

test('an answer is given anew, also by another model', async ({ page, troupe }) => {
  const desk = await Desk.open(page, troupe.console);
  await desk.say('Say one');
  await desk.answered('You said: Say one');
  await desk.idle();
  const answer = desk.turns.getByRole('listitem').filter({ hasText: 'You said' });
  await answer.hover();
  await answer.getByRole('button', { name: 'Answer anew' }).click();
  await expect(answer).toHaveCount(1);
  await desk.answered('You said: Say one');
  await desk.idle();
  await answer.hover();
  await answer.getByRole('button', { name: 'More actions' }).click();
  await page.getByRole('menuitem', { name: 'other' }).click();
  // The answer before says the same.
  const models = async () => {
    const { runs } = await troupe.api<{ runs: { model: string }[] }>('GET', '/v1/runs');
    return runs.map(({ model }) => model);
  };
  await expect.poll(models).toEqual(['other', 'default', 'default']);
  await desk.answered('You said: Say one');
  await desk.idle();
});

test('two tabs on one conversation show the same', async ({ context, page, troupe }) => {
  const one = await Desk.open(page, troupe.console);
  await one.say('Say one');
  await one.answered('You said: Say one');
  const session = /#\/chat\/(.+)$/.exec(page.url())?.[1];
  const other = await Desk.open(await context.newPage(), troupe.console, session);
  await other.answered('You said: Say one');
  // What is said in the one streams in the other.
  await one.say('Speak slowly');
  await other.answered(/One after the other/);
  await other.answered(/which it is now/);
  await one.answered(/which it is now/);
  await other.say('Say three');
  await one.answered('You said: Say three');
  // What is revoked in the one is gone in the other.
  const message = one.turns.getByRole('listitem').filter({ hasText: 'Speak slowly' }).first();
  await page.bringToFront();
  await message.hover();
  await message.getByRole('button', { name: 'Revoke' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await expect(one.turns).not.toContainText('Speak slowly');
  await expect(other.turns).not.toContainText('Speak slowly');
  const shown = await one.words();
  await expect.poll(() => other.words()).toBe(shown);
});
