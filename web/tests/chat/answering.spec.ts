// A message is sent, and its answer comes; while it does, everything else goes on.
import { readFileSync } from 'node:fs';

import { expect, expectAccessible, look, test } from '../harness/test';
import { chat, Desk, SLOW_END } from './desk';

test.use(chat);

test('an answer streams with its thinking and its tools, and stays after the page is loaded again', async ({
  page,
  troupe,
}) => {
  const desk = await Desk.open(page, troupe.console);
  await desk.say('Use two tools, please');
  await desk.answered('Both are done.');
  await expect(page).toHaveURL(/#\/chat\/[0-9a-f-]+$/);
  const before = await desk.words();
  await page.reload();
  await desk.answered('Both are done.');
  // A command that ended with another code than 0 did not do well, though the call was made.
  const command = desk.turns.getByRole('group', { name: 'Tool call: bash' });
  await expect(command.getByRole('button', { name: /Exit code 3/ })).toBeVisible();
  await expect.poll(() => desk.words()).toBe(before);
  await look(page, 'chat-tools');
  await expectAccessible(page);
});

test('conversations stream at once, and going to another one stops none', async ({ page, troupe }) => {
  const desk = await Desk.open(page, troupe.console);
  // These answers take longer than anybody waits: however slow the machine is, both are going on.
  for (const name of ['first', 'second']) {
    await desk.say(`Speak at length, ${name}`);
    await desk.fresh();
  }
  await expect(desk.sidebar.locator('[data-status=streaming]')).toHaveCount(2, { timeout: 20_000 });
  await look(page, 'chat-running');
  await expectAccessible(page);
  const go = (name: string) => desk.row(`Speak at length, ${name}`).getByRole('link').click();
  const length = async () => (await desk.words()).length;
  await go('first');
  await desk.answered(/word1\b/);
  const left = await length();
  await go('second');
  await desk.answered(/word1\b/);
  const seen = await length();
  await expect.poll(length).toBeGreaterThan(seen);
  await go('first');
  await expect.poll(length).toBeGreaterThan(left);
  await expect(desk.sidebar.locator('[data-status=streaming]')).toHaveCount(2);
  await page.getByRole('button', { name: 'Stop', exact: true }).click();
  await desk.answered(/The answer was stopped/);
  await expect(desk.sidebar.locator('[data-status=streaming]')).toHaveCount(1);
});

test('the list says what runs, what is unread, what failed and what waits', async ({ page, troupe }) => {
  const desk = await Desk.open(page, troupe.console);
  await desk.say('Please fail later');
  await desk.fresh();
  await expect(desk.row('Please fail later').locator('[data-status=done_error_unread]')).toBeVisible();
  await desk.choose('Careful');
  await desk.say('Greet her');
  await desk.answered(/needs your approval/);
  await desk.fresh();
  await expect(desk.row('Greet her').locator('[data-status=waiting]')).toBeVisible();
});

test('an answer is stopped, and what it said stays', async ({ page, troupe }) => {
  const desk = await Desk.open(page, troupe.console);
  await desk.say('Speak slowly');
  await desk.answered(/One after the other the words/);
  await page.getByRole('button', { name: 'Stop', exact: true }).click();
  await desk.idle();
  await desk.answered(/The answer was stopped/);
  await expect(desk.turns).not.toContainText(SLOW_END);
  await expect(desk.turns).toContainText('One after the other');
});

test('a message that is sent while an answer runs waits for it, and can be taken back', async ({ page, troupe }) => {
  const desk = await Desk.open(page, troupe.console);
  await desk.say('Speak slowly');
  await desk.answered(/One after the other/);
  await desk.say('And then this');
  await desk.say('And this not');
  const queued = desk.turns.getByText('Queued');
  await expect(queued).toHaveCount(2);
  await desk.turns
    .getByRole('listitem')
    .filter({ hasText: 'And this not' })
    .getByRole('button', { name: 'Take back' })
    .click();
  await expect(queued).toHaveCount(1);
  await expect(desk.field).toHaveText('And this not');
  await desk.answered(SLOW_END);
  await desk.answered('You said: And then this');
  await desk.idle();
  await expect(desk.turns).not.toContainText('You said: And this not');
});

test('what waits goes on when the answer before it is stopped', async ({ page, troupe }) => {
  const desk = await Desk.open(page, troupe.console);
  // It takes longer than anybody looks at the page.
  await desk.say('Speak at length');
  await desk.answered(/word1\b/);
  await desk.say('And then this');
  await expect(desk.turns.getByText('Queued')).toBeVisible();
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Stop', exact: true }).click();
  await desk.answered('You said: And then this');
  await desk.idle();
});

test('a message can interrupt the answer that runs', async ({ page, troupe }) => {
  const desk = await Desk.open(page, troupe.console);
  await desk.say('Speak slowly');
  await desk.answered(/One after the other/);
  await desk.write('Rather this');
  await page.keyboard.press('Control+Enter');
  await desk.answered('You said: Rather this');
  await desk.idle();
  await expect(desk.turns).not.toContainText(SLOW_END);
});

test('an answer that came to a limit is continued', async ({ page, troupe }) => {
  const desk = await Desk.open(page, troupe.console);
  await desk.choose('Brief');
  await desk.say('Greet her');
  await desk.answered('The limit of tool rounds is reached.');
  await expectAccessible(page);
  await desk.turns.getByRole('button', { name: 'Continue' }).click();
  await desk.answered('Now I am done.');
});

test('a call waits for a person, who edits its arguments in place', async ({ page, troupe }) => {
  const desk = await Desk.open(page, troupe.console);
  await desk.choose('Careful');
  await desk.say('Greet her');
  await desk.answered(/needs your approval/);
  await look(page, 'chat-approval');
  await expectAccessible(page);
  // Somebody who comes back later finds it waiting still.
  await page.reload();
  const form = desk.turns.getByRole('group', { name: 'Tool call: greet' });
  await form.getByRole('textbox', { name: 'Arguments' }).click();
  await page.keyboard.press('Control+A');
  await page.keyboard.insertText('{"name": "Grace"}');
  await form.getByRole('button', { name: /Approve/ }).click();
  await desk.answered('The tool answered: Hello, Grace!');
});

test('a call is refused in place, with a reason that the model reads', async ({ page, troupe }) => {
  const desk = await Desk.open(page, troupe.console);
  await desk.choose('Careful');
  await desk.say('Greet her');
  await desk.answered(/needs your approval/);
  const form = desk.turns.getByRole('group', { name: 'Tool call: greet' });
  await form.getByRole('button', { name: 'Reject…' }).click();
  await expect(form.getByRole('textbox', { name: 'Reason, which the model reads' })).toBeFocused();
  await expectAccessible(page);
  await page.keyboard.type('She is asleep');
  await page.keyboard.press('Enter');
  await desk.answered(/The tool answered: .*She is asleep/);
  await expect(form).toContainText(/Rejected by .*/);
});

test('a model that fails is told in a sentence with what to do, and asked once more', async ({ page, troupe }) => {
  const desk = await Desk.open(page, troupe.console);
  await desk.say('Please fail once');
  await desk.answered('The model is confused');
  await desk.answered(/Try again, or with another model\./);
  await expectAccessible(page);
  await desk.turns.getByRole('button', { name: 'Try again' }).click();
  await desk.answered('You said: Please fail once');
  await expect(desk.turns).not.toContainText('The model is confused');
});

test('what an answer said before it broke off stays', async ({ page, troupe }) => {
  const desk = await Desk.open(page, troupe.console);
  await desk.say('Please break off');
  await desk.answered('The model broke off');
  await expect(desk.turns).toContainText('One two');
  await page.reload();
  await desk.answered('The model broke off');
});

test('a sub-agent’s work is nested in the call that began it', async ({ page, troupe }) => {
  const desk = await Desk.open(page, troupe.console);
  await desk.choose('Planner');
  await desk.say('lighthouses');
  await desk.answered(/The writer says:/);
  await page.reload();
  await desk.answered(/The writer says:/);
  const call = desk.turns.getByRole('group', { name: 'Tool call: writer' });
  await expect(call).toBeVisible();
  const unfold = call.getByRole('button', { name: /^writer/ });
  if ((await unfold.getAttribute('aria-expanded')) === 'false') await unfold.click();
  // The sub-agent has one of its own.
  const work = call.getByRole('group', { name: 'Work of writer' });
  await expect(work).toContainText('Lighthouses kept ships off the rocks.');
  const nested = work.getByRole('group', { name: 'Tool call: checker' });
  const fold = nested.getByRole('button', { name: /^checker/ });
  if ((await fold.getAttribute('aria-expanded')) === 'false') await fold.click();
  await expect(nested.getByRole('group', { name: 'Work of checker' })).toContainText('Nothing is wrong.');
  await look(page, 'chat-delegates');
  await expectAccessible(page);
});

test('a file that an agent made is shown, and can be had', async ({ page, troupe }) => {
  const desk = await Desk.open(page, troupe.console);
  await desk.say('Please write a file');
  await desk.answered(/I wrote/);
  const files = desk.turns.getByRole('list', { name: 'Files made by this answer' });
  await expect(files).toContainText('made.md');
  await files.getByRole('button', { name: 'Show made.md' }).click();
  await expect(files).toContainText('By the model.');
  const download = page.waitForEvent('download');
  await files.getByRole('button', { name: 'Download made.md' }).click();
  expect(readFileSync(await (await download).path(), 'utf8')).toBe('# Made\n\nBy the model.');
  await expectAccessible(page);
  // Whoever comes back later finds it still.
  await page.reload();
  await expect(files).toContainText('made.md');
});
