// An answer is read, copied, kept as a file; what was not read stays marked.
import { readFileSync } from 'node:fs';

import { expect, expectAccessible, look, test, type Troupe } from '../harness/test';
import { chat, Desk } from './desk';

test.use(chat);

/** Says something in a session without the page. */
async function sayElsewhere(troupe: Troupe, session: string, text: string): Promise<void> {
  await troupe.api('POST', '/v1/infer', { agent_id: 'assistant', text, session_id: session });
}

async function statuses(troupe: Troupe): Promise<string[]> {
  const { sessions } = await troupe.api<{ sessions: { status: string }[] }>('GET', '/v1/sessions');
  return sessions.map(({ status }) => status);
}

test('an answer that nobody saw is unread until somebody sees its end', async ({ page, troupe }) => {
  const desk = await Desk.open(page, troupe.console);
  await sayElsewhere(troupe, 'new', 'Say one');
  const unread = desk.row('Say one').locator('[data-status=done_success_unread]');
  await expect(unread).toBeVisible();
  await expectAccessible(page);
  await desk.row('Say one').getByRole('link').click();
  await desk.answered('You said: Say one');
  await expect(unread).toHaveCount(0);
  await expect.poll(() => statuses(troupe)).toEqual(['idle']);
});

test('who reads further up is not moved, and has read what came at the end only', async ({ page, troupe }) => {
  const desk = await Desk.open(page, troupe.console);
  await desk.say('Be fast');
  await desk.answered(/word1599/);
  await desk.idle();
  await expect.poll(() => statuses(troupe)).toEqual(['idle']);
  await desk.turns.hover();
  await page.mouse.wheel(0, -1_000);
  const end = page.getByRole('button', { name: 'Go to the latest message' });
  await expect(end).toBeVisible();
  await sayElsewhere(troupe, /#\/chat\/(.+)$/.exec(page.url())?.[1] ?? '', 'Say two');
  const unread = desk.row('Be fast').locator('[data-status=done_success_unread]');
  await expect(unread).toBeVisible();
  await expect(end).toBeVisible();
  expect(await statuses(troupe)).toEqual(['done_success_unread']);
  await end.click();
  await desk.answered('You said: Say two');
  await expect(unread).toHaveCount(0);
});

test('thinking is folded once the answer has begun, and unfolds', async ({ page, troupe }) => {
  const desk = await Desk.open(page, troupe.console);
  await desk.say('Say one');
  await desk.answered('You said: Say one');
  const thought = desk.turns.getByRole('button', { name: 'Thought' });
  await expect(thought).toHaveAttribute('aria-expanded', 'false');
  await expect(desk.turns).not.toContainText('A plain question.');
  await thought.click();
  await expect(desk.turns).toContainText('A plain question.');
  await expectAccessible(page);
});

test('a tool’s card has what it was given, what it gave, how long it took and what went wrong', async ({
  page,
  troupe,
}) => {
  const desk = await Desk.open(page, troupe.console);
  await desk.say('Use two tools, please');
  await desk.answered('Both are done.');
  const greet = desk.turns.getByRole('group', { name: 'Tool call: greet' });
  await expect(greet.getByRole('group', { name: 'Input' })).toContainText('name:"Grace"');
  await expect(greet.getByRole('group', { name: 'Output' })).toContainText('Hello, Grace!');
  await expect(greet.getByRole('button', { name: /\d m?s/ })).toContainText('Done');
  const bash = desk.turns.getByRole('group', { name: 'Tool call: bash' });
  await expect(bash.getByRole('group', { name: /Error|Output/ })).toContainText('out');
  await expect(bash.getByRole('group', { name: /Error|Output/ })).toContainText('3');
});

test('long output is folded to a few lines, and unfolds', async ({ page, troupe }) => {
  const desk = await Desk.open(page, troupe.console);
  await desk.say('Count, please');
  await desk.answered('I have counted.');
  const output = desk.turns.getByRole('group', { name: 'Tool call: bash' }).getByRole('group', { name: 'Output' });
  const value = output.locator('.value');
  const height = async () => (await value.boundingBox())?.height ?? 0;
  expect(await height()).toBeLessThan(160);
  const unfold = output.getByRole('button', { name: /^Show all 4\d\d lines$/ });
  await expect(unfold).toHaveAttribute('aria-expanded', 'false');
  await unfold.press('Enter');
  await expect(output.getByRole('button', { name: 'Show less' })).toHaveAttribute('aria-expanded', 'true');
  await expect.poll(height).toBeGreaterThan(300);
  await expectAccessible(page);
});

test('Markdown is shown: headings, code in colours, tables and formulas', async ({ page, troupe }) => {
  const desk = await Desk.open(page, troupe.console);
  await desk.say('Show me markdown');
  await expect(desk.turns.getByRole('heading', { name: 'A heading' })).toBeVisible({ timeout: 30_000 });
  await expect(desk.turns.locator('em', { hasText: 'emphasis' })).toBeVisible();
  await expect(desk.turns.locator('pre span[class^=code-]').first()).toBeVisible();
  await expect(desk.turns.getByRole('table').getByRole('cell', { name: '2' })).toBeVisible();
  await expect(desk.turns.locator('.katex').first()).toBeVisible();
  await expect(desk.turns.getByRole('checkbox', { checked: true })).toBeDisabled();
  await desk.idle();
  await look(page, 'chat-markdown');
  await expectAccessible(page);
});

test('an answer is copied as it is read, and as Markdown', async ({ context, page, troupe }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const desk = await Desk.open(page, troupe.console);
  await desk.say('Show me markdown');
  await expect(desk.turns.getByRole('table')).toBeVisible({ timeout: 30_000 });
  await desk.idle();
  const copied = () => page.evaluate(() => navigator.clipboard.readText());
  const answer = desk.turns.getByRole('listitem').filter({ hasText: 'A heading' });
  await answer.hover();
  await answer.getByRole('button', { name: 'Copy', exact: true }).last().click();
  await expect.poll(copied).toContain('Some emphasis and code.');
  await answer.getByRole('button', { name: 'More actions' }).click();
  await page.getByRole('menuitem', { name: 'Copy as Markdown' }).click();
  await expect.poll(copied).toContain('Some *emphasis* and `code`.');
});

test('an answer tells its tokens, its cost and its speed', async ({ page, troupe }) => {
  const desk = await Desk.open(page, troupe.console);
  await desk.say('Speak slowly');
  await desk.answered(/which it is now/);
  await desk.idle();
  const usage = desk.turns.getByRole('button', { name: /^Usage/ });
  await expect(usage).toHaveText(/tokens · .*0\.\d+ · [\d.]+ m?s/);
  await usage.click();
  const panel = page.getByRole('dialog', { name: 'Usage' });
  for (const name of ['Tokens read', 'Tokens written', 'Cost', 'Speed', 'To the first token', 'Time']) {
    await expect(panel.getByText(name, { exact: true })).toBeVisible();
  }
  await expectAccessible(page);
});

test('a conversation is kept as Markdown and as JSON', async ({ page, troupe }) => {
  const desk = await Desk.open(page, troupe.console);
  await desk.say('Use two tools, please');
  await desk.answered('Both are done.');
  await desk.idle();
  // What was said before the page was there is kept whole, too.
  await page.reload();
  await desk.answered('Both are done.');
  const save = async (as: string): Promise<[string, string]> => {
    await page.getByRole('button', { name: 'Save this conversation' }).click();
    const download = page.waitForEvent('download');
    await page.getByRole('menuitem', { name: as }).click();
    const saved = await download;
    return [saved.suggestedFilename(), readFileSync(await saved.path(), 'utf8')];
  };
  const [name, text] = await save('Save as Markdown');
  expect(name).toBe('Use two tools, please.md');
  expect(text).toContain('Use two tools, please');
  expect(text).toContain('I greet one, and run a command that fails.');
  expect(text).toContain('echo out; exit 3');
  expect(text).toContain('Both are done.');
  const [jsonName, json] = await save('Save as JSON');
  expect(jsonName).toBe('Use two tools, please.json');
  expect(JSON.parse(json)).toMatchObject({
    version: 1,
    title: 'Use two tools, please',
    turns: [
      { role: 'user', content: 'Use two tools, please' },
      { role: 'assistant', status: 'completed' },
    ],
  });
  expect(json).toContain('Hello, Grace!');
});

test.describe('on a telephone', () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true });

  test('a conversation is held, and another one is found in the drawer', async ({ page, troupe }) => {
    const desk = await Desk.open(page, troupe.console);
    await desk.say('Say one');
    await desk.answered('You said: Say one');
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Menu' }).tap();
    const drawer = page.getByRole('dialog', { name: 'Troupe' });
    await expect(drawer.getByRole('link', { name: /Say one/ })).toBeVisible();
    await expectAccessible(page);
    await drawer.getByRole('link', { name: 'New conversation' }).tap();
    await expect(drawer).toBeHidden();
    await expect(desk.turns).toHaveCount(0);
    await desk.say('Say two');
    await desk.answered('You said: Say two');
    await page.getByRole('button', { name: 'Menu' }).tap();
    await drawer.getByRole('link', { name: /Say one/ }).tap();
    await desk.answered('You said: Say one');
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  });
});
