// The frame around every page: signing in, the first run, themes and languages, the palette, the sidebar, a phone.
import { expect, expectAccessible, look, test } from './harness/test';

test.describe('a service that wants a token', () => {
  test.use({ token: 'open-sesame', expectedErrors: [/401/] });

  test('asks for it, says when it is wrong, and goes on with what was asked for', async ({ page, troupe }) => {
    await page.goto(`${troupe.console}/#/agents`);
    const dialog = page.getByRole('dialog', { name: 'Sign in' });
    await expect(dialog).toBeVisible();
    await expectAccessible(page);
    await look(page, 'sign-in');
    await dialog.getByLabel('Token').fill('wrong');
    await dialog.getByRole('button', { name: 'Sign in' }).click();
    await expect(dialog.getByRole('alert')).toHaveText('The service does not accept this token.');
    await dialog.getByLabel('Token').fill('open-sesame');
    await dialog.getByRole('button', { name: 'Sign in' }).click();
    await expect(dialog).toBeHidden();
    await page.getByRole('button', { name: 'Account' }).click();
    await expect(page.getByText('Signed in as', { exact: false })).toBeVisible();
    expect(await page.evaluate(() => [sessionStorage.getItem('token'), localStorage.getItem('token')])).toEqual([
      'open-sesame',
      null,
    ]);
  });

  test('keeps the token in the browser only where that was asked for, and forgets it on signing out', async ({
    page,
    troupe,
  }) => {
    await page.goto(troupe.console);
    const dialog = page.getByRole('dialog', { name: 'Sign in' });
    await dialog.getByLabel('Token').fill('open-sesame');
    await dialog.getByLabel('Stay signed in in this browser').check();
    await dialog.getByRole('button', { name: 'Sign in' }).click();
    await expect(dialog).toBeHidden();
    await page.reload();
    await page.getByRole('button', { name: 'Account' }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await expect(dialog).toBeVisible();
    expect(await page.evaluate(() => localStorage.getItem('token'))).toBeNull();
  });

  test('leaves a way back to whoever closed the dialog', async ({ page, troupe }) => {
    await page.goto(troupe.console);
    await page.getByRole('button', { name: 'Cancel' }).click();
    await expect(page.getByText('You are not signed in')).toBeVisible();
    await page.getByRole('main').getByRole('button', { name: 'Sign in' }).first().click();
    await expect(page.getByRole('dialog', { name: 'Sign in' })).toBeVisible();
  });

  test('an expired token is asked for again without losing what was typed', async ({ page, troupe }) => {
    // A token that the service has ceased to take.
    await page.addInitScript(
      () =>
        sessionStorage.getItem('begun') ??
        (sessionStorage.setItem('token', 'open-sesame'), sessionStorage.setItem('begun', 'true')),
    );
    await page.goto(`${troupe.console}/#/welcome`);
    await expect(page.getByRole('heading', { name: 'Everything is there' })).toBeVisible();
    await page.getByRole('button', { name: 'Search and commands' }).click();
    const field = page.getByRole('combobox', { name: 'Search pages' });
    await page.route('**/v1/**', (route) =>
      route.continue({ headers: { ...route.request().headers(), authorization: 'Bearer expired' } }),
    );
    await field.fill('half a sentence more');
    const dialog = page.getByRole('dialog', { name: 'Sign in' });
    await expect(dialog.getByText('Your token is no longer accepted', { exact: false })).toBeVisible();
    await page.unroute('**/v1/**');
    await dialog.getByLabel('Token').fill('open-sesame');
    await dialog.getByRole('button', { name: 'Sign in' }).click();
    await expect(dialog).toBeHidden();
    await expect(field).toHaveValue('half a sentence more');
  });
});

test.describe('a service that has nothing yet', () => {
  // A model that does not answer is answered with 500.
  test.use({ manifests: {}, expectedErrors: [/500/] });

  test('leads from nothing to a conversation', async ({ page, troupe }) => {
    await page.goto(troupe.console);
    await expect(page.getByRole('heading', { name: 'Welcome to Troupe' })).toBeVisible();
    await expectAccessible(page);
    await look(page, 'welcome-model');
    await page.getByLabel('Address').fill('http://127.0.0.1:9/v1');
    await page.getByLabel('Model name').fill('scripted');
    await page.getByRole('button', { name: 'Save and test' }).click();
    await expect(page.getByText('The model is saved, but it does not answer.')).toBeVisible();
    await look(page, 'welcome-model-failed');
    await page.getByLabel('Address').fill(troupe.modelUrl);
    await page.getByRole('button', { name: 'Save and test' }).click();
    await expect(page.getByText('It works:', { exact: false })).toBeVisible();
    await page.getByRole('button', { name: 'Next: an agent' }).click();
    // The form before has names as well.
    await expect(page.getByLabel('Instructions')).toBeVisible();
    await page.getByLabel('Name', { exact: false }).first().fill('Guide');
    await page.getByRole('combobox', { name: 'Tools' }).click();
    await page.getByRole('option', { name: /^bash/ }).click();
    // Room for the next one.
    await expect(page.getByRole('combobox', { name: 'Tools' })).toHaveValue('');
    await page.keyboard.press('Escape');
    await expectAccessible(page);
    await look(page, 'welcome-agent');
    await page.getByRole('button', { name: 'Create the agent' }).click();
    await expect(page.getByRole('heading', { name: 'Everything is there' })).toBeVisible();
    await look(page, 'welcome-ready');
    const { agents } = await troupe.api<{ agents: { nickname: string; tool_ids: string[]; model_id: string }[] }>(
      'GET',
      '/v1/agents',
    );
    expect(agents).toMatchObject([{ nickname: 'Guide', tool_ids: ['bash'], model_id: 'scripted' }]);
    await page.getByRole('button', { name: 'Start a conversation' }).click();
    await expect(page).toHaveURL(/#\/chat/);
  });

  test('lets go whoever wants to find their own way', async ({ page, troupe }) => {
    await page.goto(troupe.console);
    await page.getByRole('button', { name: 'Skip for now' }).click();
    await expect(page).toHaveURL(/#\/chat/);
    await page.reload();
    await expect(page).toHaveURL(/#\/chat/);
    // The chat says what is missing, and leads back.
    await expect(page.getByRole('heading', { name: 'No model yet' })).toBeVisible();
    await expectAccessible(page);
    await page.getByRole('link', { name: 'Add a model' }).click();
    await expect(page.getByLabel('Model name')).toBeVisible();
  });
});

test('the theme is the system’s until one is chosen, and is remembered', async ({ page, troupe }) => {
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.goto(troupe.console);
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  await page.getByRole('button', { name: 'Preferences' }).click();
  await page.getByRole('menuitemcheckbox', { name: 'Light' }).click();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'light');
  await page.reload();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'light');
});

test('the language is the browser’s until one is chosen, and is remembered', async ({ page, troupe }) => {
  await page.goto(`${troupe.console}/#/welcome`);
  await page.getByRole('button', { name: 'Preferences' }).click();
  await page.getByRole('menuitemcheckbox', { name: '中文' }).click();
  await expect(page.getByRole('heading', { name: '一切就绪' })).toBeVisible();
  await expect(page.locator('html')).toHaveAttribute('lang', 'zh-CN');
  await page.reload();
  await expect(page.getByRole('heading', { name: '一切就绪' })).toBeVisible();
  await expectAccessible(page);
});

test('the palette finds pages, agents and conversations, by keys alone', async ({ page, troupe }) => {
  await troupe.api('POST', '/v1/infer', { agent_id: 'assistant', text: 'Tell me of lighthouses', session_id: 'new' });
  await page.goto(`${troupe.console}/#/welcome`);
  await expect(page.getByRole('heading', { name: 'Everything is there' })).toBeVisible();
  await page.keyboard.press('Control+k');
  const palette = page.getByRole('dialog', { name: 'Search and commands' });
  await expect(palette.getByRole('option', { name: /Assistant/ })).toBeVisible();
  await expectAccessible(page);
  await look(page, 'palette');
  await palette.getByRole('combobox').fill('lighthouses');
  await expect(palette.getByRole('option', { name: /lighthouses/ }).first()).toBeVisible();
  await palette.getByRole('combobox').fill('usage');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/#\/usage$/);
  await expect(palette).toBeHidden();
  await page.keyboard.press('g');
  await page.keyboard.press('r');
  await expect(page).toHaveURL(/#\/runs$/);
});

test('the keys are told by a question mark', async ({ page, troupe }) => {
  await page.goto(`${troupe.console}/#/welcome`);
  await expect(page.getByRole('heading', { name: 'Everything is there' })).toBeVisible();
  await page.keyboard.press('?');
  const list = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
  await expect(list.getByText('Ctrl+K')).toBeVisible();
  await expectAccessible(page);
  await look(page, 'keys');
  await page.keyboard.press('Escape');
  await expect(list).toBeHidden();
});

test('an address of no page says so', async ({ page, troupe }) => {
  await page.goto(`${troupe.console}/#/nowhere`);
  await expect(page.getByRole('heading', { name: 'There is no page here' })).toBeVisible();
  await expectAccessible(page);
  await page.getByRole('link', { name: 'Go to the chat' }).click();
  await expect(page).toHaveURL(/#\/chat$/);
});

test.describe('on a phone', () => {
  test.use({ viewport: { width: 390, height: 844 } });

  test('the navigation is a drawer that closes behind whoever chose a page', async ({ page, troupe }) => {
    await page.goto(`${troupe.console}/#/usage`);
    await page.getByRole('button', { name: 'Menu' }).click();
    const drawer = page.getByRole('dialog', { name: 'Troupe' });
    await expect(drawer).toBeVisible();
    await expectAccessible(page);
    await drawer.getByRole('link', { name: 'Models' }).click();
    await expect(page).toHaveURL(/#\/models$/);
    await expect(drawer).toBeHidden();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  });
});

test.describe('while the service is away', () => {
  test.use({ expectedErrors: [/50[0-9]|ERR_|Failed to load/] });

  test('a banner says so, and goes when it is back', async ({ page, troupe }) => {
    await page.goto(`${troupe.console}/#/welcome`);
    await expect(page.getByRole('heading', { name: 'Everything is there' })).toBeVisible();
    // What the palette is made of is fetched ahead.
    await page.waitForLoadState('networkidle');
    await troupe.kill();
    await page.getByRole('button', { name: 'Search and commands' }).click();
    await expect(page.getByPlaceholder('Search pages, agents, conversations')).toBeVisible();
    const banner = page.getByText('The service does not answer. Trying again', { exact: false });
    await expect(banner).toBeVisible();
    await troupe.restart();
    await expect(banner).toBeHidden({ timeout: 20_000 });
  });
});

test.describe('a part that cannot be had', () => {
  test.use({ expectedErrors: [/ERR_FAILED|preload CSS|dynamically imported/] });

  test('is told in a sentence, and can be called for again', async ({ page, troupe }) => {
    await page.goto(`${troupe.console}/#/welcome`);
    await expect(page.getByRole('heading', { name: 'Everything is there' })).toBeVisible();
    await page.route(/assets\/KeyList-/, (route) => route.abort());
    await page.keyboard.press('?');
    await expect(page.getByText('This part of the console could not be loaded')).toBeVisible();
    await page.unroute(/assets\/KeyList-/);
    await page.getByRole('button', { name: 'Load the console again' }).click();
    await expect(page.getByRole('heading', { name: 'Everything is there' })).toBeVisible();
    await page.keyboard.press('?');
    await expect(page.getByRole('dialog', { name: 'Keyboard shortcuts' })).toBeVisible();
  });
});

test.describe('a page that fails', () => {
  test.use({ expectedErrors: [/ERR_FAILED/] });

  test('whose code cannot be had says so, and can be tried again', async ({ page, troupe }) => {
    await page.goto(`${troupe.console}/#/welcome`);
    await expect(page.getByRole('heading', { name: 'Everything is there' })).toBeVisible();
    // The code of the page cannot be had, as after an upgrade of the service.
    await page.route(/assets\/Usage-.*\.js/, (route) => route.abort());
    await page.getByRole('link', { name: 'Usage' }).click();
    await expect(page.getByText('The page could not be loaded.')).toBeVisible();
    await expectAccessible(page);
    await page.unroute(/assets\/Usage-.*\.js/);
    await page
      .getByRole('button', { name: /Try again|Load the console again/ })
      .first()
      .click();
    await expect(page.locator('main h1')).toHaveText('Usage');
  });

  test('while it is shown says what happened, and can be tried again', async ({ page, troupe }) => {
    await page.goto(`${troupe.console}/#/welcome`);
    await expect(page.getByRole('heading', { name: 'Everything is there' })).toBeVisible();
    // An answer that no service gives: the page stumbles over what is not there.
    await page.route('**/v1/usage*', (route) => route.fulfill({ json: { days: 'none' } }));
    await page.getByRole('link', { name: 'Usage' }).click();
    await expect(page.getByRole('heading', { name: 'This page failed' }).first()).toBeVisible();
    await expectAccessible(page);
    await page.unroute('**/v1/usage*');
    await page.getByRole('button', { name: 'Try again' }).click();
    await expect(page.locator('main h1')).toHaveText('Usage');
  });
});

test('the sidebar is as wide as it was dragged, and hides', async ({ page, troupe }) => {
  await page.goto(`${troupe.console}/#/chat`);
  const sidebar = page.getByRole('complementary', { name: 'Conversations' });
  const handle = page.getByRole('separator', { name: 'Width of the sidebar' });
  await expect(handle).toHaveAttribute('aria-valuenow', '220');
  const box = (await handle.boundingBox())!;
  await page.mouse.move(box.x, box.y + 200);
  await page.mouse.down();
  await page.mouse.move(box.x + 90, box.y + 200, { steps: 5 });
  await page.mouse.up();
  await expect(handle).toHaveAttribute('aria-valuenow', '310');
  await page.reload();
  await expect(handle).toHaveAttribute('aria-valuenow', '310');
  expect(await page.evaluate(() => localStorage.getItem('sidebar-width'))).toBe('310');
  await handle.focus();
  await page.keyboard.press('End');
  await expect(handle).toHaveAttribute('aria-valuenow', '500');
  await page.keyboard.press('Home');
  await expect(handle).toHaveAttribute('aria-valuenow', '120');
  await page.keyboard.press('Control+b');
  await expect(sidebar).toBeHidden();
  await page.reload();
  await expect(page.getByRole('button', { name: 'Show the sidebar' })).toBeVisible();
  await page.getByRole('button', { name: 'Show the sidebar' }).click();
  await expect(sidebar).toBeVisible();
});

test('an agent that the palette found is the one that is talked with', async ({ page, troupe }) => {
  await page.goto(`${troupe.console}/#/usage`);
  await expect(page.locator('main h1')).toHaveText('Usage');
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox', { name: 'Search pages' }).fill('answers questions');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/#\/chat$/);
  await expect(
    page
      .getByRole('main')
      .getByRole('button', { name: /Assistant/ })
      .first(),
  ).toBeVisible();
});
