// Agents: form and YAML side by side from one schema, validation while typing, history, and two people at one agent.
import { expect, expectAccessible, look, test } from '../harness/test';
import { changeElsewhere, pasteYaml, read, save, yamlOf } from './form';

// Each looks at its pages in two themes; a machine with other work takes its time.
test.describe.configure({ timeout: 120_000 });
test.use({ expectedErrors: [/status of 4\d\d/] });

test('an agent is made in the form, and its YAML follows', async ({ page, troupe }) => {
  await page.goto('/#/agents');
  await page.getByRole('link', { name: 'New Agent' }).click();
  await page.getByLabel('Name', { exact: false }).first().fill('clerk');
  await page.getByLabel('Name for people').fill('Clerk');
  await page.getByRole('combobox', { name: 'Model' }).click();
  await page.getByRole('option', { name: 'second' }).click();
  await page.getByRole('button', { name: 'Add to Tools' }).click();
  await page.getByRole('menuitem', { name: 'Built-in tool' }).click();
  await expect
    .poll(() => yamlOf(page))
    .toContain('  displayName: Clerk\n  modelRef:\n    name: second\n  tools:\n  - builtin: Bash');
  await page.getByRole('button', { name: 'Create' }).click();
  await expect(page).toHaveURL(/#\/agents\/clerk$/);
  const { spec } = await read(troupe, 'agents/clerk');
  expect(spec).toMatchObject({ displayName: 'Clerk', modelRef: { name: 'second' }, tools: [{ builtin: 'Bash' }] });
  await expectAccessible(page);
  await look(page, 'agent');
});

test('what is typed as YAML is in the form, and comments survive what the form changes', async ({ page }) => {
  await page.goto('/#/agents/assistant');
  await expect(page.getByLabel('Name for people')).toHaveValue('Assistant');
  const text = await yamlOf(page);
  await pasteYaml(
    page,
    text.replace('displayName: Assistant', 'displayName: Typed # by hand').replace('Bash', 'Fetch'),
  );
  await expect(page.getByLabel('Name for people')).toHaveValue('Typed');
  await expect(page.getByRole('button', { name: /Built-in tool Fetch/ })).toBeVisible();
  await page.getByLabel('Description').fill('Changed in the form.');
  await expect.poll(() => yamlOf(page)).toContain('displayName: Typed # by hand');
  expect(await yamlOf(page)).toContain('description: Changed in the form.');
});

test('what is wrong is said while typing, in the words of the rules, in the form and in the text', async ({ page }) => {
  await page.goto('/#/agents/assistant');
  const text = await yamlOf(page);
  await pasteYaml(page, text.replace('- builtin: Bash', '- builtin: Bash\n    tool:\n      name: x'));
  const rule = 'Set exactly one of tool, mcpServer, builtin and agent: make two entries of it.';
  await expect(page.getByRole('alert').filter({ hasText: rule })).toBeVisible();
  const told = page.getByRole('button', { name: /spec\.tools\[0\]/ });
  await expect(told).toContainText(rule);
  await expect(page.getByRole('button', { name: 'Save', exact: true })).toBeDisabled();
  await expectAccessible(page);
  await look(page, 'agent-wrong');
  // What only the service knows is told as well.
  await pasteYaml(page, text.replace(/modelRef:\n +name: default/, 'modelRef:\n    name: nowhere'));
  await expect(page.getByRole('button', { name: /spec\.modelRef/ })).toContainText('nowhere');
});

test('a text that is no YAML leaves the form as it was, and says where', async ({ page }) => {
  await page.goto('/#/agents/assistant');
  await expect(page.getByLabel('Name for people')).toHaveValue('Assistant');
  await pasteYaml(page, 'kind: [');
  await expect(page.getByText('The text cannot be read as YAML.')).toBeVisible();
  await expect(page.getByLabel('Name for people')).toHaveValue('Assistant');
  await expect(page.getByLabel('Name for people')).not.toBeEditable();
  await page.getByRole('button', { name: 'Undo all changes' }).click();
  await expect(page.getByLabel('Name for people')).toBeEditable();
});

test('history shows what changed, publishes a version and goes back to one', async ({ page, troupe }) => {
  await page.goto('/#/agents/assistant');
  await page.getByLabel('Description').fill('The second version.');
  await save(page);
  await page.getByRole('tab', { name: 'History' }).click();
  const versions = page.getByRole('tabpanel').getByRole('listitem');
  await expect(versions).toHaveCount(2);
  await versions.first().getByRole('button', { expanded: false }).click();
  await expect(page.getByRole('textbox', { name: /^Changes of version/ })).toContainText('The second version.');
  await expectAccessible(page);
  await look(page, 'agent-history');

  const hash = (await versions.last().locator('code').innerText()).trim();
  const old = versions.filter({ has: page.locator('code', { hasText: hash }) });
  await old.getByRole('button', { name: 'Publish' }).click();
  await expect(old.getByText('Pinned')).toBeVisible();
  await expect(old.getByText('Served')).toBeVisible();
  expect((await read(troupe, 'agents/assistant')).spec.publishedRevision).toMatch(new RegExp(`^${hash}`));

  await page.getByRole('button', { name: 'Serve the newest' }).click();
  await expect(old.getByText('Served')).toHaveCount(0);

  await old.getByRole('button', { name: 'Restore into the form' }).click();
  await expect(page.getByLabel('Description')).toHaveValue(/^Answers questions/);
  await save(page);
  expect((await read(troupe, 'agents/assistant')).spec.description).toMatch(/^Answers questions/);
});

test('two people who change different fields keep both; a contradiction is told by its field', async ({
  page,
  troupe,
}) => {
  await page.goto('/#/agents/assistant');
  await page.getByLabel('Description').fill('Mine.');
  await changeElsewhere(troupe, 'agents/assistant', { group: 'Theirs' });
  await expect(page.getByText('Somebody else changed this meanwhile.')).toBeVisible();
  await expectAccessible(page);
  await look(page, 'agent-conflict');
  await page.getByRole('button', { name: 'Compare' }).click();
  await expect(page.getByRole('dialog')).toContainText('Mine.');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Keep both' }).click();
  await save(page);
  expect((await read(troupe, 'agents/assistant')).spec).toMatchObject({ description: 'Mine.', group: 'Theirs' });

  await page.getByLabel('Description').fill('Mine again.');
  await changeElsewhere(troupe, 'agents/assistant', { description: 'Theirs.' });
  await expect(page.getByText('You both changed spec.description.')).toBeVisible();
  await page.getByRole('button', { name: 'Take theirs' }).click();
  await expect(page.getByLabel('Description')).toHaveValue('Theirs.');
});

test('what is not saved is not lost by leaving', async ({ page }) => {
  await page.goto('/#/agents/assistant');
  await page.getByLabel('Description').fill('Not saved.');
  await page.getByRole('link', { name: 'Models' }).click();
  await expect(page.getByRole('dialog', { name: 'Leave without saving?' })).toBeVisible();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect(page.getByLabel('Description')).toHaveValue('Not saved.');
  await page.getByRole('link', { name: 'Models' }).click();
  await page.getByRole('button', { name: 'Leave' }).click();
  await expect(page).toHaveURL(/#\/models$/);
});

test('a whole edit needs no pointer', async ({ page, troupe }) => {
  await page.goto('/#/agents');
  await expect(page.getByRole('row', { name: /Assistant/ })).toBeVisible();
  const focus = async (wanted: RegExp) => {
    for (let presses = 0; presses < 60; presses++) {
      await page.keyboard.press('Tab');
      const name = await page.evaluate(() => {
        const element = document.activeElement as HTMLElement | null;
        const label =
          element?.getAttribute('aria-label') ?? (element as HTMLInputElement | null)?.labels?.[0]?.textContent;
        return `${element?.getAttribute('role') ?? element?.tagName.toLowerCase()} ${label ?? element?.textContent ?? ''}`;
      });
      if (wanted.test(name)) return;
    }
    throw new Error(`the focus never came to ${wanted}`);
  };
  await focus(/^row /);
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/#\/agents\/assistant$/);
  await expect(page.getByLabel('Description')).toBeVisible();
  await focus(/^textarea Description/);
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.type('Written without a pointer.');
  await page.keyboard.press('ControlOrMeta+s');
  await expect(page.getByText('Assistant is saved')).toBeVisible();
  expect((await read(troupe, 'agents/assistant')).spec.description).toBe('Written without a pointer.');
});
