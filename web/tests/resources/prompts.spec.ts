// Prompts: an editor that marks variables, variables as a form, a live preview, and where a prompt is used.
import { expect, expectAccessible, look, test } from '../harness/test';
import { read, save } from './form';

// Each looks at its pages in two themes; a machine with other work takes its time.
test.describe.configure({ timeout: 120_000 });
test.use({ expectedErrors: [/status of 4\d\d/] });

test('a prompt is previewed while its variables are filled in and while it is written', async ({ page, troupe }) => {
  await page.goto('/#/prompts/assistant');
  const preview = page.getByRole('tabpanel').locator('pre');
  await expect(preview).toHaveText('You are a helpful assistant. Your tone is friendly.');
  await page.getByRole('textbox', { name: 'tone' }).fill('stern');
  await expect(preview).toHaveText('You are a helpful assistant. Your tone is stern.');
  await expect(page.locator('.cm-variable')).toHaveText('{{tone}}');

  const text = page.getByRole('textbox', { name: 'Text', exact: true });
  await text.click();
  await page.keyboard.press('ControlOrMeta+End');
  await page.keyboard.insertText(' Speak {{language}}.');
  await expect(preview).toHaveText('You are a helpful assistant. Your tone is stern. Speak {{language}}.');
  await expect(page.getByText('Without a value: language')).toBeVisible();
  await page.getByRole('button', { name: 'Declare' }).click();
  await page.getByRole('textbox', { name: 'language' }).fill('Latin');
  await expect(preview).toContainText('Speak Latin.');
  await expectAccessible(page);
  await look(page, 'prompt');
  await save(page);
  expect((await read(troupe, 'prompttemplates/assistant')).spec.variables).toMatchObject([
    { name: 'tone' },
    { name: 'language' },
  ]);
});

test('a prompt is made, and its variables with it', async ({ page, troupe }) => {
  await page.goto('/#/prompts/~new');
  await page.getByLabel('Name', { exact: false }).first().fill('greeting');
  const text = page.getByRole('textbox', { name: 'Text', exact: true });
  await text.click();
  await page.keyboard.insertText('Greet {{name}} in {{language}}.');
  await expect(page.getByText('Without a value: name, language')).toBeVisible();
  await page.getByRole('button', { name: 'Declare' }).click();
  await page.getByRole('textbox', { name: 'language' }).fill('Latin');
  await expect(page.getByRole('tabpanel').locator('pre')).toHaveText('Greet {{name}} in Latin.');
  await page.getByRole('button', { name: 'Create' }).click();
  await expect(page).toHaveURL(/#\/prompts\/greeting$/);
  expect((await read(troupe, 'prompttemplates/greeting')).spec).toMatchObject({
    content: 'Greet {{name}} in {{language}}.',
    variables: [{ name: 'name' }, { name: 'language' }],
  });
});

test('where a prompt is used is told', async ({ page }) => {
  await page.goto('/#/prompts/assistant');
  await page.getByRole('tab', { name: 'Used by' }).click();
  await expect(page.getByRole('tabpanel').getByRole('link', { name: 'Agent assistant' })).toBeVisible();
  await expect(page.getByRole('tabpanel')).toContainText('spec.systemPrompt.templateRef');
  await expectAccessible(page);
});
