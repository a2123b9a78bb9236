// The files of the workspace: looked at, searched, changed, over the real service.
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Page } from '@playwright/test';

import { chat, Desk } from '../chat/desk';
import { expect, expectAccessible, look, test, type Troupe } from '../harness/test';
import { PAPER, PICTURE, put, recording, shareOfRed } from './files';

const grid = (page: Page) => page.getByRole('grid');
const row = (page: Page, name: string) => grid(page).getByRole('row', { name: `Select ${name}` });
const preview = (page: Page) => page.getByRole('region', { name: 'Preview' });

async function open(page: Page, troupe: Troupe, query = ''): Promise<void> {
  await page.goto(`${troupe.console}/#/workspace${query}`);
}

test('an empty workspace says what to do', async ({ page, troupe }) => {
  await open(page, troupe);
  await expect(page.getByText('This folder is empty')).toBeVisible();
  await expectAccessible(page);
  await look(page, 'workspace-empty');
});

test('folders are walked through by list, tree, path and keys', async ({ page, troupe }) => {
  await put(troupe, 'notes/deep/plan.md', '# Plan');
  await put(troupe, 'readme.txt', 'Hello');
  await page.setViewportSize({ width: 1600, height: 900 });
  await open(page, troupe);
  await expect(grid(page).getByRole('row')).toHaveCount(2);
  await row(page, 'notes').dblclick();
  await expect(row(page, 'deep')).toBeVisible();
  await expect(page).toHaveURL(/path=/);
  await expectAccessible(page);
  await look(page, 'workspace-list');

  const tree = page.getByRole('tree');
  await tree.getByRole('treeitem', { name: 'notes' }).focus();
  await page.keyboard.press('ArrowRight');
  await expect(tree.getByRole('treeitem', { name: 'deep' })).toBeVisible();
  await page.keyboard.press('ArrowRight');
  await expect(tree.getByRole('treeitem', { name: 'deep' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(row(page, 'plan.md')).toBeVisible();
  await page.getByRole('navigation', { name: 'Path of the folder' }).getByRole('button', { name: 'Workspace' }).click();
  await expect(row(page, 'readme.txt')).toBeVisible();
  await page.goBack();
  await expect(row(page, 'plan.md')).toBeVisible();
  await page.getByRole('button', { name: 'One folder up' }).click();
  await expect(row(page, 'deep')).toBeVisible();
  await grid(page).focus();
  await page.keyboard.press('Backspace');
  await expect(row(page, 'readme.txt')).toBeVisible();
});

test('tiles show pictures', async ({ page, troupe }) => {
  await put(troupe, 'blue.png', PICTURE);
  await put(troupe, 'song.wav', recording());
  await open(page, troupe);
  await page.getByRole('button', { name: 'Grid' }).click();
  const tile = grid(page).getByRole('gridcell', { name: /blue\.png/ });
  await expect(tile.locator('img')).toBeVisible();
  expect(await tile.locator('img').evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThan(0);
  await expectAccessible(page);
  await look(page, 'workspace-tiles');
  await page.reload();
  await expect(tile).toBeVisible();
});

test('every name survives', async ({ page, troupe }) => {
  const names = ['été 文件 🗂', 'a "b" <c> & d.txt', '#1?%2F.txt', ' spaces  inside .txt', '…hidden', 'עברית.txt'];
  for (const name of names) await put(troupe, `odd/${name}`, `I am ${name}`);
  await open(page, troupe, `?path=${encodeURIComponent(join(troupe.workspace, 'odd'))}`);
  await expect(grid(page).getByRole('row')).toHaveCount(names.length);
  await page.setViewportSize({ width: 1600, height: 900 });
  for (const name of names) {
    await grid(page).getByText(name, { exact: true }).last().click();
    await expect(preview(page)).toContainText(/I am/);
  }
  await grid(page).getByText('#1?%2F.txt', { exact: true }).last().click();
  await page.getByRole('button', { name: 'Rename' }).click();
  await page.getByRole('textbox', { name: 'New name' }).fill('ñ 100% "new".txt');
  await page.getByRole('dialog').getByRole('button', { name: 'Rename' }).click();
  await expect(grid(page).getByText('ñ 100% "new".txt', { exact: true })).toBeVisible();
  expect(existsSync(join(troupe.workspace, 'odd', 'ñ 100% "new".txt'))).toBe(true);
});

test('words in files are found, with and and or', async ({ page, troupe }) => {
  await put(troupe, 'a.txt', 'the lighthouse keeper');
  await put(troupe, 'deep/b.txt', 'a lighthouse');
  await put(troupe, 'c.txt', 'a ferry');
  await open(page, troupe);
  const search = page.getByRole('searchbox', { name: 'Search in files' });
  await search.fill('lighthouse keeper');
  await search.press('Enter');
  await expect(grid(page).getByRole('row')).toHaveCount(1);
  await expect(row(page, 'a.txt')).toBeVisible();
  await search.fill('keeper|ferry');
  await search.press('Enter');
  await expect(grid(page).getByRole('row')).toHaveCount(2);
  await search.fill('lighthouse');
  await search.press('Enter');
  await expect(row(page, 'b.txt')).toContainText('deep');
  await expectAccessible(page);
  await search.fill('nowhere');
  await search.press('Enter');
  await expect(page.getByText('No file contains this')).toBeVisible();
  await page.getByRole('main').getByRole('button', { name: 'End the search' }).last().click();
  await expect(row(page, 'c.txt')).toBeVisible();
});

test('files are looked at: text, code, Markdown, pictures, recordings, films and PDF', async ({ page, troupe }) => {
  await page.setViewportSize({ width: 1600, height: 900 });
  await put(troupe, 'plain.txt', 'Just words.');
  await put(troupe, 'serve.py', 'def serve():\n    return 1\n');
  await put(troupe, 'notes.md', '# A title\n\n**bold**');
  await put(troupe, 'blue.png', PICTURE);
  await put(troupe, 'song.wav', recording());
  await put(troupe, 'paper.pdf', PAPER);
  await put(troupe, 'page.html', '<script>window.hostile = true</script><h1>Hostile</h1>');
  await put(
    troupe,
    'drawing.svg',
    '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><rect width="40" height="40"/><script>window.hostile = true</script></svg>',
  );
  await put(troupe, 'bytes.bin', new Uint8Array([0, 1, 2, 3]));
  await open(page, troupe);
  const show = (name: string) => row(page, name).click();

  await show('plain.txt');
  await expect(preview(page)).toContainText('Just words.');
  await show('serve.py');
  await expect(preview(page).locator('pre .code-keyword, pre span[class^=code-]').first()).toBeVisible();
  await expectAccessible(page);
  await look(page, 'workspace-code');
  await show('notes.md');
  await expect(preview(page).getByRole('heading', { name: 'A title' })).toBeVisible();
  await page.getByRole('button', { name: 'Source' }).click();
  await expect(preview(page)).toContainText('**bold**');
  await show('blue.png');
  const image = preview(page).getByRole('img', { name: 'Picture blue.png' });
  await expect.poll(() => image.evaluate((element: HTMLImageElement) => element.naturalWidth)).toBe(64);
  await show('drawing.svg');
  await expect(preview(page).getByRole('img', { name: 'Picture drawing.svg' })).toBeVisible();
  await show('song.wav');
  await expect
    .poll(() =>
      preview(page)
        .locator('audio')
        .evaluate((element: HTMLAudioElement) => element.duration),
    )
    .toBe(1);
  await show('paper.pdf');
  await expect(preview(page).locator('iframe')).toHaveAttribute('src', /^blob:/);
  await show('page.html');
  await expect(preview(page)).toContainText('<h1>Hostile</h1>');
  await show('bytes.bin');
  await expect(preview(page)).toContainText('This file is no text');
  expect(await page.evaluate(() => 'hostile' in window)).toBe(false);
});

test('a PDF is really drawn, and the policy of the page has nothing against it', async ({ page, troupe }) => {
  await page.setViewportSize({ width: 1600, height: 900 });
  await put(troupe, 'paper.pdf', PAPER);
  await page.addInitScript(() => {
    const broken: string[] = [];
    document.addEventListener('securitypolicyviolation', (event) => broken.push(event.violatedDirective));
    Object.assign(window, { broken });
  });
  const answer = page.waitForResponse(`${troupe.console}/`);
  await open(page, troupe);
  expect((await answer).headers()['content-security-policy']).toContain("object-src 'none'");
  await row(page, 'paper.pdf').click();
  const frame = preview(page).locator('iframe');
  await expect(frame).toHaveAttribute('src', /^blob:/);
  // The viewer is the browser's own, whose parts no story can ask: what it draws is looked at.
  await expect.poll(async () => shareOfRed(page, await frame.screenshot()), { timeout: 30_000 }).toBeGreaterThan(0.05);
  expect(await page.evaluate(() => (window as unknown as { broken: string[] }).broken)).toEqual([]);
});

test('a film is read in ranges', async ({ page, troupe }) => {
  await open(page, troupe);
  const film = await page.evaluate(async () => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 64, height: 64 });
    const context = canvas.getContext('2d');
    const recorder = new MediaRecorder(canvas.captureStream(20), { mimeType: 'video/webm' });
    const pieces: Blob[] = [];
    recorder.ondataavailable = (event) => pieces.push(event.data);
    recorder.start();
    for (let frame = 0; frame < 12; frame += 1) {
      context?.fillRect(frame, frame, 40, 40);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await new Promise((resolve) => {
      recorder.onstop = resolve;
      recorder.stop();
    });
    return [...new Uint8Array(await new Blob(pieces).arrayBuffer())];
  });
  await put(troupe, 'film.webm', Uint8Array.from(film));
  const ranged = page.waitForResponse((answer) => answer.url().includes('content') && answer.status() === 206);
  await page.setViewportSize({ width: 1600, height: 900 });
  await page.getByRole('button', { name: 'Read again' }).click();
  await row(page, 'film.webm').click();
  await expect
    .poll(() =>
      preview(page)
        .locator('video')
        .evaluate((element: HTMLVideoElement) => element.videoWidth),
    )
    .toBe(64);
  expect((await ranged).headers()['content-range']).toContain('bytes 0-');
});

test('entries are selected with the keyboard, copied, renamed and deleted', async ({ page, troupe }) => {
  for (const name of ['a.txt', 'b.txt', 'c.txt', 'd.txt']) await put(troupe, name, name);
  await open(page, troupe);
  await expect(grid(page).getByRole('row')).toHaveCount(4);
  await grid(page).focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Shift+ArrowDown');
  await expect(page.getByText('2 selected')).toBeVisible();
  await page.getByRole('button', { name: 'Duplicate' }).click();
  await expect(row(page, 'b (1).txt')).toBeVisible();
  await expect(row(page, 'c (1).txt')).toBeVisible();

  await grid(page).focus();
  await page.keyboard.press('Home');
  await page.keyboard.press('F2');
  const name = page.getByRole('textbox', { name: 'New name' });
  await expect(name).toBeFocused();
  await page.keyboard.type('first');
  await expect(name).toHaveValue('first.txt');
  await expectAccessible(page, '[role=dialog]');
  await page.keyboard.press('Enter');
  await expect(row(page, 'first.txt')).toBeVisible();

  await grid(page).focus();
  await page.keyboard.press('Control+a');
  await expect(page.getByText('6 selected')).toBeVisible();
  await page.keyboard.press('Delete');
  await expect(page.getByRole('dialog', { name: 'Delete 6 entries?' })).toBeVisible();
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
  expect(existsSync(join(troupe.workspace, 'first.txt'))).toBe(true);
  await grid(page).focus();
  await page.keyboard.press('Delete');
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByText('This folder is empty')).toBeVisible();
  expect(existsSync(join(troupe.workspace, 'first.txt'))).toBe(false);
});

test('a name that cannot be is told before it is asked for', async ({ page, troupe }) => {
  await put(troupe, 'a.txt', 'a');
  await put(troupe, 'b.txt', 'b');
  await open(page, troupe);
  await row(page, 'a.txt').click();
  await page.getByRole('button', { name: 'Rename' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox').fill('a/b');
  await dialog.getByRole('button', { name: 'Rename' }).click();
  await expect(dialog.getByRole('alert')).toContainText('A name has no /');
});

test.describe('a name that is taken', () => {
  test.use({ expectedErrors: [/status of 400/] });

  test('is told in the dialog', async ({ page, troupe }) => {
    await put(troupe, 'a.txt', 'a');
    await put(troupe, 'b.txt', 'b');
    await open(page, troupe);
    await row(page, 'a.txt').click();
    await page.getByRole('button', { name: 'Rename' }).click();
    await page.getByRole('textbox', { name: 'New name' }).fill('b.txt');
    await page.getByRole('dialog').getByRole('button', { name: 'Rename' }).click();
    await expect(page.getByRole('dialog').getByRole('alert')).toContainText('b.txt');
  });
});

test('a folder is made, and used as the workspace of a new conversation', async ({ page, troupe }) => {
  await open(page, troupe);
  await page.getByRole('button', { name: 'New folder' }).click();
  await page.getByRole('textbox', { name: 'Name' }).fill('project');
  await page.getByRole('dialog').getByRole('button', { name: 'Make folder' }).click();
  await row(page, 'project').click();
  await page.getByRole('toolbar').getByRole('button', { name: 'Use for a conversation' }).click();
  await expectAccessible(page, '[role=dialog]');
  await page.getByRole('button', { name: 'Use this folder' }).click();
  // Asked of the service: the notice with its way to the conversation is there for some seconds only.
  await expect
    .poll(async () => {
      const { sessions } = await troupe.api<{ sessions: { workspace: string }[] }>('GET', '/v1/sessions');
      return sessions.map((session) => session.workspace);
    })
    .toEqual([join(troupe.workspace, 'project')]);
});

test.describe('for a conversation that goes on', () => {
  test.use(chat);

  test('a folder is chosen, and commands of its next turn work there', async ({ page, troupe }) => {
    const folder = join(troupe.workspace, 'project');
    await put(troupe, 'project/plan.md', '# Plan');
    await put(troupe, 'other/plan.md', '# Another plan');
    const desk = await Desk.open(page, troupe.console);
    await desk.say('Print the folder');
    await desk.answered(`It is ${troupe.workspace}`);
    await desk.idle();
    const session = /#\/chat\/(.+)$/.exec(page.url())?.[1];

    // Whoever comes from a conversation means that one.
    await page.getByRole('button', { name: 'Save this conversation' }).click();
    await page.getByRole('menuitem', { name: 'Open its workspace' }).click();
    await row(page, 'other').click();
    await page.getByRole('toolbar').getByRole('button', { name: 'Use for a conversation' }).click();
    const dialog = page.getByRole('dialog');
    await expect(dialog.getByRole('combobox', { name: 'Conversation' })).toHaveValue(/^Print the folder/);
    await dialog.getByRole('button', { name: 'Use this folder' }).click();
    await expect(dialog).toHaveCount(0);
    await page.getByRole('link', { name: 'Chat', exact: true }).click();
    await desk
      .row(/^Print the folder/)
      .getByRole('link')
      .click();
    await desk.say('Print the folder once more');
    await desk.answered(`It is ${join(troupe.workspace, 'other')}`);
    await desk.idle();

    // Another one is chosen from the list.
    await open(page, troupe);
    await row(page, 'project').click();
    await page.getByRole('toolbar').getByRole('button', { name: 'Use for a conversation' }).click();
    await dialog.getByRole('combobox', { name: 'Conversation' }).click();
    await page.getByRole('option', { name: /^Print the folder/ }).click();
    await dialog.getByRole('button', { name: 'Use this folder' }).click();
    await expect(dialog).toHaveCount(0);

    // The page has the conversation as it was, and knows of the folder before it has read it again.
    let read: () => void = () => {};
    const wait = new Promise<void>((resolve) => (read = resolve));
    await page.route(`**/v1/sessions/${session}`, (route) => void wait.then(() => route.continue()));
    await page.getByRole('link', { name: 'Chat', exact: true }).click();
    await desk
      .row(/^Print the folder/)
      .getByRole('link')
      .click();
    await expect(page).toHaveURL(new RegExp(`#/chat/${session}`));
    await desk.say('Print the folder again');
    await desk.answered(`It is ${folder}`);
    read();
    expect(await troupe.api('GET', `/v1/sessions/${session}`)).toMatchObject({ meta: { workspace: folder } });
  });
});

test('a reference to a file is copied for a message', async ({ page, troupe, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await put(troupe, 'notes/a.txt', 'a');
  await open(page, troupe, `?path=${encodeURIComponent(join(troupe.workspace, 'notes'))}`);
  await row(page, 'a.txt').click();
  await page.getByRole('button', { name: 'Copy reference' }).click();
  await expect(page.getByText('1 reference copied')).toBeVisible();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  expect(copied).toBe(`<file>${join(troupe.workspace, 'notes/a.txt')}</file>`);
});

test('a folder of 100,000 files stays smooth', async ({ page, troupe }) => {
  test.setTimeout(180_000);
  const folder = join(troupe.workspace, 'many');
  await mkdir(folder);
  for (let from = 0; from < 100_000; from += 500) {
    const names = Array.from({ length: 500 }, (_, at) => `file ${String(from + at).padStart(6, '0')}.txt`);
    await Promise.all(names.map((name) => writeFile(join(folder, name), '')));
  }
  await open(page, troupe, `?path=${encodeURIComponent(folder)}`);
  await expect(page.getByText('100,000 entries')).toBeVisible({ timeout: 30_000 });
  await grid(page).focus();
  await page.keyboard.press('End');
  await expect(row(page, 'file 099999.txt')).toBeVisible();
  expect(await grid(page).getByRole('row').count()).toBeLessThan(80);
  await page.keyboard.press('Control+a');
  await expect(page.getByText('100,000 selected')).toBeVisible();
  const frames = await page.locator('.viewport').evaluate(async (element) => {
    const took: number[] = [];
    let before = performance.now();
    for (let step = 0; step < 120; step += 1) {
      element.scrollTop = (element.scrollHeight / 120) * step;
      await new Promise(requestAnimationFrame);
      const now = performance.now();
      took.push(now - before);
      before = now;
    }
    return took.sort((one, other) => one - other);
  });
  test.info().annotations.push({ type: 'longest frame', description: `${frames.at(-1)?.toFixed(1)} ms` });
});

test.describe('on a telephone', () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true });

  test('a tap opens, a tick selects', async ({ page, troupe }) => {
    await put(troupe, 'notes/a.txt', 'Just words.');
    await open(page, troupe);
    await row(page, 'notes').tap();
    await row(page, 'a.txt').tap();
    await expect(page.getByRole('dialog', { name: 'a.txt' })).toContainText('Just words.');
    await expectAccessible(page, '[role=dialog]');
    await page.getByRole('button', { name: 'Close' }).tap();
    await page.getByRole('checkbox', { name: 'Select a.txt' }).tap();
    await expect(page.getByText('1 selected')).toBeVisible();
    await expectAccessible(page);
  });
});

test.describe('where a token is needed', () => {
  test.use({ token: 'a-token-for-this-story' });

  test('files are looked at and downloaded all the same', async ({ page, troupe }) => {
    await put(troupe, 'blue.png', PICTURE);
    await put(troupe, 'plain.txt', 'Just words.');
    await page.addInitScript(() => sessionStorage.setItem('token', 'a-token-for-this-story'));
    await page.setViewportSize({ width: 1600, height: 900 });
    await open(page, troupe);
    await row(page, 'blue.png').click();
    const image = preview(page).getByRole('img', { name: 'Picture blue.png' });
    await expect.poll(() => image.evaluate((element: HTMLImageElement) => element.naturalWidth)).toBe(64);
    await row(page, 'plain.txt').click();
    await expect(preview(page)).toContainText('Just words.');
    const download = page.waitForEvent('download');
    await preview(page).getByRole('button', { name: 'Download' }).click();
    expect((await download).suggestedFilename()).toBe('plain.txt');
  });
});
