// The list of conversations, and what is done to one of them.
import { expect, expectAccessible, look, test } from '../harness/test';
import { chat, Desk } from './desk';

test.use(chat);

async function three(desk: Desk): Promise<void> {
  for (const text of ['Apples', 'Pears', 'Plums']) {
    await desk.say(text);
    await desk.answered(`You said: ${text}`);
    await desk.idle();
    await desk.fresh();
  }
}

test('a conversation is renamed, pinned, archived and taken back', async ({ page, troupe }) => {
  const desk = await Desk.open(page, troupe.console);
  await three(desk);
  await desk.menu('Pears', 'Rename');
  await page.getByRole('textbox', { name: 'Title' }).fill('Fruit of the season');
  await page.keyboard.press('Enter');
  await expect(desk.row('Fruit of the season')).toBeVisible();
  await desk.menu('Apples', 'Pin');
  await expect(desk.sidebar.getByRole('heading', { name: 'Pinned' })).toBeVisible();
  await expect(desk.sidebar.getByRole('listitem').nth(1)).toContainText('Apples');
  await look(page, 'chat-sidebar');
  await expectAccessible(page);
  await desk.menu('Plums', 'Archive');
  await expect(desk.row('Plums')).toHaveCount(0);
  await page.reload();
  await expect(desk.row('Fruit of the season')).toBeVisible();
  await expect(desk.row('Plums')).toHaveCount(0);
  await desk.sidebar.getByRole('button', { name: 'Archive', exact: true }).click();
  await expect(desk.row('Plums')).toBeVisible();
  await desk.menu('Plums', 'Take out of the archive');
  await desk.sidebar.getByRole('button', { name: 'Back to conversations' }).click();
  await expect(desk.row('Plums')).toBeVisible();
});

test('a conversation is deleted, and had back while that is regretted', async ({ page, troupe }) => {
  const desk = await Desk.open(page, troupe.console);
  await three(desk);
  await desk.menu('Pears', 'Delete');
  await expect(desk.row('Pears')).toHaveCount(0);
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(desk.row('Pears')).toBeVisible();
  await desk.row('Plums').getByRole('link').focus();
  await page.keyboard.press('Delete');
  await expect(desk.row('Plums')).toHaveCount(0);
  await expect
    .poll(async () => (await troupe.api<{ sessions: unknown[] }>('GET', '/v1/sessions')).sessions.length, {
      timeout: 10_000,
    })
    .toBe(2);
  await page.reload();
  await expect(desk.row('Pears')).toBeVisible();
  await expect(desk.row('Plums')).toHaveCount(0);
});

test('words are found in titles and turns, and lead to the place', async ({ page, troupe }) => {
  const desk = await Desk.open(page, troupe.console);
  await three(desk);
  await desk.sidebar.getByRole('searchbox', { name: 'Search conversations' }).fill('said pears');
  await expect(desk.sidebar.locator('mark').first()).toBeVisible();
  await look(page, 'chat-search');
  await expectAccessible(page);
  await desk.sidebar.getByRole('link', { name: /Pears/ }).first().click();
  await desk.answered('You said: Pears');
});

test('conversations stand under their days', async ({ page, troupe }) => {
  const desk = await Desk.open(page, troupe.console);
  await desk.say('Apples');
  await desk.answered('You said: Apples');
  await expect(desk.sidebar.getByRole('heading', { name: 'Today' })).toBeVisible();
  const noon = new Date();
  noon.setDate(noon.getDate() + 1);
  noon.setHours(12, 0, 0, 0);
  await page.clock.install({ time: noon });
  await page.reload();
  await expect(desk.sidebar.getByRole('heading', { name: 'Yesterday' })).toBeVisible();
});

test.describe('where a model makes titles', () => {
  test.use({
    manifests: {
      ...chat.manifests,
      'runtime.yaml':
        'apiVersion: troupe.dev/v1alpha1\nkind: Runtime\nmetadata: {name: default}\nspec:\n  defaults:\n    summaryModelRef: {name: default}\n',
    },
    scenario: `rules:\n  - when: {system_contains: Give the conversation}\n    reply: {text: A talk about fruit}\n  - reply: {text: "You said: {{last_user}}"}\n`,
  });

  test('a title is generated', async ({ page, troupe }) => {
    const desk = await Desk.open(page, troupe.console);
    await desk.say('Apples');
    await desk.answered('You said: Apples');
    await desk.idle();
    await desk.menu('Apples', 'Generate a title');
    await expect(desk.row('A talk about fruit')).toBeVisible();
  });
});
