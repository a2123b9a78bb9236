// Files for the stories of the workspace: made on disk, dropped and pasted in the page, and compared by their hashes.
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import type { Page } from '@playwright/test';

import type { Troupe } from '../harness/test';

/** Writes a file of the workspace; its folders are made. */
export async function put(troupe: Troupe, path: string, content: string | Uint8Array): Promise<void> {
  const whole = join(troupe.workspace, path);
  await mkdir(dirname(whole), { recursive: true });
  await writeFile(whole, content);
}

/** A file of random bytes beside the workspace, to be uploaded; answers with its path. */
export async function source(troupe: Troupe, name: string, size: number): Promise<string> {
  const path = join(troupe.folder, 'source', name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, randomBytes(size));
  return path;
}

export function hash(path: string): string {
  return existsSync(path) ? createHash('sha256').update(readFileSync(path)).digest('hex') : 'there is no such file';
}

/** Drops files on the list, as a person's hand does. */
export async function drop(page: Page, files: Record<string, string>): Promise<void> {
  const transfer = await page.evaluateHandle((contents) => {
    const given = new DataTransfer();
    for (const [name, text] of Object.entries(contents)) given.items.add(new File([text], name));
    return given;
  }, files);
  const zone = page.locator('.zone');
  await zone.dispatchEvent('dragenter', { dataTransfer: transfer });
  await zone.dispatchEvent('dragover', { dataTransfer: transfer });
  await zone.dispatchEvent('drop', { dataTransfer: transfer });
}

/** Pastes a file, as after copying a picture. */
export async function paste(page: Page, name: string, text: string): Promise<void> {
  await page.evaluate(
    ([called, content]) => {
      const clipboardData = new DataTransfer();
      clipboardData.items.add(new File([content ?? ''], called ?? '', { type: 'image/png' }));
      document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
    },
    [name, text],
  );
}

/** Lets the page send so many bytes a second only; 0 lets it send as fast as it can. */
export async function throttle(page: Page, bytesPerSecond: number): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  await session.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 0,
    downloadThroughput: -1,
    uploadThroughput: bytesPerSecond === 0 ? -1 : bytesPerSecond,
  });
}

/** A picture of one colour as PNG. */
export const PICTURE = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAEAAAABACAIAAAAlC+aJAAAAT0lEQVR42u3PQQkAAAgEsOtmBLubxwi+hcEKLNXzWgQEBAQEBAQE' +
    'BAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQELgsqQcFLZAp/JQAAAABJRU5ErkJggg==',
  'base64',
);

/** How much of a picture is as red as PAPER. */
export function shareOfRed(page: Page, picture: Buffer): Promise<number> {
  return page.evaluate(
    async (source) => {
      const image = Object.assign(new Image(), { src: source });
      await image.decode();
      const canvas = new OffscreenCanvas(image.width, image.height);
      const context = canvas.getContext('2d');
      context?.drawImage(image, 0, 0);
      const pixels = context?.getImageData(0, 0, image.width, image.height).data ?? [];
      let red = 0;
      for (let at = 0; at < pixels.length; at += 4) {
        if ((pixels[at] ?? 0) > 240 && (pixels[at + 1] ?? 0) < 30 && (pixels[at + 2] ?? 0) < 30) red += 1;
      }
      return red / (pixels.length / 4);
    },
    `data:image/png;base64,${picture.toString('base64')}`,
  );
}

/** A second of silence as WAV. */
export function recording(): Buffer {
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + 16_000, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(8000, 24);
  head.writeUInt32LE(16_000, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36);
  head.writeUInt32LE(16_000, 40);
  return Buffer.concat([head, Buffer.alloc(16_000)]);
}

/** A page that says «Hello, paper» on nothing but red. */
export const PAPER = `%PDF-1.1
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 144]/Contents 4 0 R/Resources<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Times-Roman>>>>>>>>endobj
4 0 obj<</Length 77>>stream
1 0 0 rg 0 0 300 144 re f 0 0 0 rg BT /F1 24 Tf 60 70 Td (Hello, paper) Tj ET
endstream endobj
trailer<</Root 1 0 R>>`;
