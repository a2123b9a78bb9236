// Who answers, with which tools and instructions.
import { expect, expectAccessible, look, test } from '../harness/test';
import { chat, Desk } from './desk';

test.use(chat);

type Messages = { messages: { role: string; content: string; prompt_template?: string }[] };

async function stored(troupe: { api<T>(method: string, path: string): Promise<T> }): Promise<Messages['messages']> {
  const { sessions } = await troupe.api<{ sessions: { session_id: string }[] }>('GET', '/v1/sessions');
  const { messages } = await troupe.api<Messages>('GET', `/v1/sessions/${sessions[0]?.session_id}`);
  return messages;
}

test('an agent or a model is chosen, with tools for the model', async ({ page, troupe }) => {
  const desk = await Desk.open(page, troupe.console);
  await page.getByRole('button', { name: /^Who answers/ }).click();
  await look(page, 'chat-picker');
  await expectAccessible(page);
  await page.keyboard.press('Escape');
  await desk.choose('other');
  await page.getByRole('button', { name: 'Tools: 0' }).click();
  await page.getByRole('checkbox', { name: 'greet' }).click();
  await page.getByRole('checkbox', { name: 'bash' }).click();
  await look(page, 'chat-tools-dialog');
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Done' }).click();
  await desk.say('Use two tools, please');
  await desk.answered('Both are done.');
  await expect(desk.turns.getByRole('group', { name: 'Tool call: bash' })).toBeVisible();
  // The conversation remembers who answered in it.
  await page.reload();
  await expect(page.getByRole('button', { name: 'Who answers: other' })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Tools: 2' })).toBeVisible();
});

test('a prompt template is filled in as a form and applied as system message', async ({ page, troupe }) => {
  const desk = await Desk.open(page, troupe.console);
  await desk.choose('other');
  await page.getByRole('button', { name: 'Instructions' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('combobox', { name: 'Prompt template' }).click();
  await page.getByRole('option', { name: 'pirate' }).click();
  await expect(dialog.getByRole('button', { name: 'Apply as system' })).toBeDisabled();
  await dialog.getByRole('textbox', { name: /ship/ }).fill('Pearl');
  await dialog.getByRole('button', { name: 'Preview' }).click();
  await expect(dialog).toContainText('You are a merry pirate on the ship Pearl.');
  await look(page, 'chat-template');
  await expectAccessible(page);
  await dialog.getByRole('button', { name: 'Apply as system' }).click();
  await desk.say('Hello there');
  await desk.answered('You said: Hello there');
  expect(await stored(troupe)).toMatchObject([
    { role: 'system', content: 'You are a merry pirate on the ship Pearl.', prompt_template: 'pirate' },
    { role: 'user', content: 'Hello there' },
    { role: 'assistant' },
  ]);
});

test('a prompt template is sent as a message', async ({ page, troupe }) => {
  const desk = await Desk.open(page, troupe.console);
  await page.getByRole('button', { name: 'Instructions' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('combobox', { name: 'Prompt template' }).click();
  await page.getByRole('option', { name: 'pirate' }).click();
  await dialog.getByRole('textbox', { name: /ship/ }).fill('Pearl');
  await dialog.getByRole('button', { name: 'Send as user' }).click();
  await desk.answered('You said: You are a merry pirate on the ship Pearl.');
  expect((await stored(troupe))[0]).toMatchObject({ role: 'user', prompt_template: 'pirate' });
});

test('model, tools and instructions are saved as an agent, which is chosen then', async ({ page, troupe }) => {
  const desk = await Desk.open(page, troupe.console);
  await desk.choose('other');
  await page.getByRole('button', { name: 'Tools: 0' }).click();
  await page.getByRole('checkbox', { name: 'greet' }).click();
  await page.getByRole('button', { name: 'Done' }).click();
  await page.getByRole('button', { name: 'Instructions' }).click();
  await page.getByRole('textbox', { name: 'Instructions in your own words' }).fill('You are terse.');
  await page.getByRole('button', { name: 'Apply as system' }).click();
  await desk.say('Hello there');
  await desk.answered('You said: Hello there');
  await page.getByRole('button', { name: 'Save as an agent' }).click();
  await page.getByRole('dialog').getByRole('textbox', { name: 'Name' }).fill('Terse one');
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('button', { name: 'Who answers: Terse one' })).toBeVisible();
  const { agents } = await troupe.api<{ agents: Record<string, unknown>[] }>('GET', '/v1/agents');
  expect(agents.find(({ nickname }) => nickname === 'Terse one')).toMatchObject({
    model_id: 'other',
    tool_ids: ['greet'],
    system_prompt: 'You are terse.',
  });
});

test.describe('where there is a team', () => {
  const crew = `apiVersion: troupe.dev/v1alpha1
kind: Team
metadata: { name: crew }
spec:
  objective: Answer together.
  strategy: Sequential
  members: [{ name: one, agentRef: { name: writer } }, { name: two, agentRef: { name: checker } }]
`;
  test.use({ manifests: { ...chat.manifests, 'crew.yaml': crew } });

  test('it stands in the list of who may answer, and says why it cannot be chosen', async ({ page, troupe }) => {
    await Desk.open(page, troupe.console);
    await page.getByRole('button', { name: /^Who answers/ }).click();
    const list = page.getByRole('dialog', { name: 'Who answers' });
    await list.getByRole('combobox').fill('crew');
    await expect(list.getByRole('option')).toHaveCount(1);
    const team = list.getByRole('group', { name: 'Teams' }).getByRole('option', { name: /crew/ });
    await expect(team).toContainText('Teams are not served yet');
    await expect(team).toBeDisabled();
    await expectAccessible(page);
    await page.keyboard.press('Enter');
    await page.keyboard.press('Escape');
    await expect(page.getByRole('button', { name: 'Who answers: Assistant' })).toBeVisible();
  });
});
