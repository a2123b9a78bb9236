// The gallery, built as the console is and served with or without the console's content security policy. No service
// stands behind it.
import { readFile, writeFile } from 'node:fs/promises';

import { test as base } from '@playwright/test';
import { build, preview } from 'vite';

import { freePort, here } from '../harness/places';

const POLICY = [
  "default-src 'self'",
  "img-src 'self' data: blob:",
  "media-src 'self' data: blob:",
  "style-src 'self' 'unsafe-inline'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
].join('; ');

const outDir = here('test-results/gallery');
const mark = here('test-results/gallery.built');

interface Fixtures {
  /** Where it is; an error in the browser's console fails the story. */
  gallery: string;
}

interface Once {
  /** Without the policy, a text that is not made safe can do what it wants. */
  policy: boolean;
  galleryServer: string;
}

export const test = base.extend<Fixtures, Once>({
  policy: [true, { option: true, scope: 'worker' }],
  galleryServer: [
    async ({ policy }, use) => {
      await buildOnce();
      const headers: Record<string, string> = policy ? { 'content-security-policy': POLICY } : {};
      const server = await preview({
        root: here(''),
        logLevel: 'error',
        build: { outDir },
        preview: { host: '127.0.0.1', port: await freePort(), headers },
      });
      await use(`${server.resolvedUrls?.local[0] ?? ''}gallery.html`);
      await server.close();
    },
    { scope: 'worker', timeout: 180_000 },
  ],
  gallery: async ({ page, galleryServer, policy }, use) => {
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(`${message.text()} ${message.location().url}`);
    });
    await page.route(/\/v1\//, (route) => route.fulfill({ status: 404, json: { error: 'there is no such file' } }));
    await use(galleryServer);
    const unexpected = errors.filter((error) => policy && !error.includes('/v1/workspace/'));
    test.expect(unexpected).toEqual([]);
  },
});

/** Workers come and go within a run, whose process is their parent. */
async function buildOnce(): Promise<void> {
  const run = String(process.ppid);
  if ((await readFile(mark, 'utf8').catch(() => '')) === run) return;
  const input = here('gallery.html');
  await build({ root: here(''), logLevel: 'error', build: { outDir, emptyOutDir: true, rolldownOptions: { input } } });
  await writeFile(mark, run);
}

export { expect } from '@playwright/test';
