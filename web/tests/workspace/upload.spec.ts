// Uploads in chunks, over the real service: paused, interrupted, and gone on with; no byte is lost or mixed.
import { appendFileSync, mkdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Page } from '@playwright/test';

import { expect, expectAccessible, look, test, type Troupe } from '../harness/test';
import { drop, hash, paste, source, throttle } from './files';

const MEGABYTE = 1_000_000;
const panel = (page: Page) => page.getByRole('region', { name: 'Uploads' });
const input = (page: Page) => page.locator('input[data-upload]');

/** Opens the workspace; files are cut into chunks of a megabyte. */
async function open(page: Page, troupe: Troupe, query = ''): Promise<void> {
  await troupe.api('POST', '/v1/env', { key: 'UPLOAD_PARALLEL_SIZE', value: '1M' });
  await page.goto(`${troupe.console}/#/workspace${query}`);
  await expect(page.getByRole('button', { name: 'Upload', exact: true })).toBeVisible();
}

/** The chunks that the service took whole: `2` for `…/chunk/2`. */
function sentChunks(page: Page): string[] {
  const sent: string[] = [];
  page.on('response', (answer) => {
    if (answer.request().method() === 'PUT' && answer.ok()) sent.push(answer.url().split('/chunk/')[1] ?? '');
  });
  return sent;
}

async function share(page: Page): Promise<number> {
  return Number(await panel(page).getByRole('progressbar').first().getAttribute('aria-valuenow'));
}

test('files are uploaded by picker, drop and paste', async ({ page, troupe }) => {
  await open(page, troupe);
  const film = await source(troupe, 'été 文件.bin', 5 * MEGABYTE);
  const empty = await source(troupe, 'empty', 0);
  await input(page).setInputFiles([film, empty]);
  await drop(page, { 'dropped "1".txt': 'dropped' });
  await paste(page, 'pasted.png', 'pasted');
  await expect(panel(page).getByText(/^Done ·/)).toHaveCount(4);
  await expect(page.getByRole('grid').getByRole('row')).toHaveCount(4);
  for (const path of [film, empty]) {
    expect(hash(join(troupe.workspace, path.slice(path.lastIndexOf('/') + 1)))).toBe(hash(path));
  }
  expect(hash(join(troupe.workspace, 'dropped "1".txt'))).not.toContain('no such file');
  await expectAccessible(page);
  await look(page, 'uploads-done');
  await page.getByRole('button', { name: 'Clear what is done' }).click();
  await expect(panel(page)).toBeHidden();
});

test('an upload is paused, resumed and cancelled', async ({ page, troupe }) => {
  test.setTimeout(180_000);
  await open(page, troupe);
  await throttle(page, 0.4 * MEGABYTE);
  const film = await source(troupe, 'film.bin', 12 * MEGABYTE);
  const other = await source(troupe, 'other.bin', 8 * MEGABYTE);
  const sent = sentChunks(page);
  await input(page).setInputFiles([film, other]);
  await expect(panel(page).getByText('Waits for the file before it')).toBeVisible();
  await expect.poll(() => sent.length, { timeout: 60_000 }).toBeGreaterThan(0);
  await page.getByRole('button', { name: 'Pause film.bin' }).click();
  await expect(panel(page).getByText(/Paused at \d+ %/)).toBeVisible();
  await page.getByRole('button', { name: 'Pause other.bin' }).click();
  await expectAccessible(page);
  await look(page, 'uploads');
  await expect(panel(page).getByText('other.bin')).toBeVisible();
  await page.getByRole('button', { name: 'Cancel other.bin' }).click();
  const before = sent.length;
  await throttle(page, 0);
  await page.getByRole('button', { name: 'Go on with film.bin' }).click();
  await expect(panel(page).getByText(/^Done ·/)).toBeVisible({ timeout: 30_000 });
  expect(hash(join(troupe.workspace, 'film.bin'))).toBe(hash(film));
  expect(sent.length).toBeGreaterThan(before);
  const { uploads } = await troupe.api<{ uploads: unknown[] }>('GET', '/v1/workspace/uploads');
  expect(uploads).toEqual([]);
});

test.describe('without the service', () => {
  test.use({ expectedErrors: [/ERR_|status of 50\d/] });

  test('an upload waits for it and goes on, and what is there is not sent again', async ({ page, troupe }) => {
    test.setTimeout(180_000);
    await open(page, troupe);
    await throttle(page, 0.8 * MEGABYTE);
    const film = await source(troupe, 'film.bin', 20 * MEGABYTE);
    const sent = sentChunks(page);
    await input(page).setInputFiles(film);
    await expect.poll(() => sent.length, { timeout: 60_000 }).toBeGreaterThan(0);
    await troupe.kill();
    await expect(panel(page).getByText('The service does not answer')).toBeVisible();
    await look(page, 'uploads-waiting');
    const there = [...sent];
    sent.length = 0;
    await throttle(page, 0);
    await troupe.restart();
    await expect(panel(page).getByText(/^Done ·/)).toBeVisible({ timeout: 60_000 });
    expect(hash(join(troupe.workspace, 'film.bin'))).toBe(hash(film));
    expect(sent.filter((chunk) => there.includes(chunk))).toEqual([]);
  });
});

test('an upload goes on after the page was loaded anew, when the file is given again', async ({ page, troupe }) => {
  test.setTimeout(180_000);
  await open(page, troupe);
  await throttle(page, 0.8 * MEGABYTE);
  const film = await source(troupe, 'film.bin', 20 * MEGABYTE);
  const sent = sentChunks(page);
  await input(page).setInputFiles(film);
  await expect.poll(() => sent.length, { timeout: 60_000 }).toBeGreaterThan(0);
  await page.reload();
  await expect(panel(page).getByText('Was interrupted at')).toBeVisible();
  await expectAccessible(page);
  await look(page, 'uploads-interrupted');
  const there = [...new Set(sent)];
  sent.length = 0;
  await throttle(page, 0);

  // Another version of the file has other bytes: they must not be mixed.
  const changed = await source(troupe, 'changed/film.bin', 20 * MEGABYTE);
  const chosen = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: 'Choose film.bin again' }).click();
  await (await chosen).setFiles(changed);
  await expect(page.getByText('This is not the same file')).toBeVisible();

  const again = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: 'Choose film.bin again' }).click();
  await (await again).setFiles(film);
  await expect(panel(page).getByText(/^Done ·/)).toBeVisible({ timeout: 60_000 });
  expect(hash(join(troupe.workspace, 'film.bin'))).toBe(hash(film));
  expect(sent.filter((chunk) => there.includes(chunk))).toEqual([]);
});

test('an upload goes on by itself where the browser keeps the file', async ({ page, troupe }) => {
  test.setTimeout(180_000);
  // The browser's own picker cannot be clicked by a story: it answers with a file of the browser's private folder,
  // whose handle is kept and asked like any other.
  await page.addInitScript(() => {
    Object.assign(window, {
      showOpenFilePicker: async () => {
        const folder = await navigator.storage.getDirectory();
        return [await folder.getFileHandle('kept.bin')];
      },
    });
  });
  await open(page, troupe);
  await page.evaluate(async () => {
    const folder = await navigator.storage.getDirectory();
    const writable = await (await folder.getFileHandle('kept.bin', { create: true })).createWritable();
    for (let piece = 0; piece < 20; piece += 1) await writable.write(new Uint8Array(1_000_000).fill(piece));
    await writable.close();
  });
  await throttle(page, 0.8 * MEGABYTE);
  const sent = sentChunks(page);
  await page.getByRole('button', { name: 'Upload', exact: true }).click();
  await page.getByRole('menuitem', { name: 'Files…' }).click();
  await expect.poll(() => sent.length, { timeout: 60_000 }).toBeGreaterThan(0);
  await page.reload();
  await throttle(page, 0);
  await page.getByRole('button', { name: 'Choose kept.bin again' }).click();
  await expect(panel(page).getByText(/^Done ·/)).toBeVisible({ timeout: 60_000 });
  const { size } = await troupe
    .api<{ files: { size: number }[] }>('GET', '/v1/workspace/list?path=.')
    .then(({ files }) => files[0] ?? { size: 0 });
  expect(size).toBe(20 * MEGABYTE);
});

test('a file that changed while it was sent is not mixed', async ({ page, troupe, expectedErrors }) => {
  expectedErrors.push(/ERR_/);
  await open(page, troupe);
  await throttle(page, 0.8 * MEGABYTE);
  const film = await source(troupe, 'film.bin', 12 * MEGABYTE);
  const sent = sentChunks(page);
  await input(page).setInputFiles(film);
  await expect.poll(() => share(page), { timeout: 60_000 }).toBeGreaterThan(5);
  await page.getByRole('button', { name: 'Pause film.bin' }).click();
  appendFileSync(film, 'more');
  sent.length = 0;
  await throttle(page, 0);
  await page.getByRole('button', { name: 'Go on with film.bin' }).click();
  await expect(panel(page).getByRole('button', { name: 'Cancel film.bin' })).toBeVisible();
  await expect(panel(page).getByText(/^Done ·/)).toBeHidden();
  expect(hash(join(troupe.workspace, 'film.bin'))).toBe('there is no such file');
});

test('an upload that is refused says why, and is tried again', async ({ page, troupe, expectedErrors }) => {
  expectedErrors.push(/status of 4\d\d/);
  const folder = join(troupe.workspace, 'notes');
  mkdirSync(folder);
  await open(page, troupe, `?path=${encodeURIComponent(folder)}`);
  // Somebody puts a file where the folder was: nothing can be put into that.
  rmdirSync(folder);
  writeFileSync(folder, 'a file now');
  const film = await source(troupe, 'film.bin', 2 * MEGABYTE);
  await input(page).setInputFiles(film);
  const retry = page.getByRole('button', { name: 'Try film.bin again' });
  await expect(retry).toBeVisible();
  await expect(panel(page)).toContainText('"notes" is a file; name a folder');
  await expectAccessible(page);
  await look(page, 'uploads-refused');
  rmSync(folder);
  mkdirSync(folder);
  await retry.click();
  await expect(panel(page).getByText(/^Done ·/)).toBeVisible();
  expect(hash(join(folder, 'film.bin'))).toBe(hash(film));
});
