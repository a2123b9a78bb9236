// What stories are written with: `test` with the running service as `troupe`, and the page at the console.
import { readdirSync, readFileSync } from 'node:fs';

import { expect, test as base } from '@playwright/test';

import { here } from './places';
import { Troupe } from './troupe';

export { expect } from '@playwright/test';
export { expectAccessible } from './accessible';
export { look } from './looks';
export type { Troupe } from './troupe';

/** The manifests of a folder of tests/fixtures. */
export function fixture(name: string): Record<string, string> {
  const folder = here(`tests/fixtures/${name}`);
  return Object.fromEntries(readdirSync(folder).map((file) => [file, readFileSync(`${folder}/${file}`, 'utf8')]));
}

interface Options {
  /** Manifests by file name; `MODEL_URL` in them is the scripted server's. Say them with `test.use({ manifests: … })`. */
  manifests: Record<string, string>;
  /** The model server's scenario as YAML; null: it echoes. */
  scenario: string | null;
  /** The token that the service wants; null: none. */
  token: string | null;
  /** Further arguments of `troupe serve`. */
  serveArguments: string[];
}

interface Fixtures {
  troupe: Troupe;
  /** Fails the story that left an error in the browser's console. */
  quietConsole: void;
  /** Errors of the browser's console that a story expects, such as those of a service that was killed. */
  expectedErrors: RegExp[];
}

export const test = base.extend<Options & Fixtures>({
  manifests: [fixture('basics'), { option: true }],
  scenario: [null, { option: true }],
  token: [null, { option: true }],
  serveArguments: [[], { option: true }],
  expectedErrors: [[], { option: true }],
  troupe: async ({ manifests, scenario, token, serveArguments }, use) => {
    const troupe = await Troupe.start({ manifests, scenario, token, arguments: serveArguments });
    await use(troupe);
    await troupe.end();
  },
  baseURL: async ({ troupe }, use) => use(troupe.console),
  quietConsole: [
    async ({ page, expectedErrors }, use) => {
      const errors: string[] = [];
      page.on('pageerror', (error) => errors.push(String(error)));
      page.on('console', (message) => {
        if (message.type() === 'error') errors.push(`${message.text()} ${message.location().url}`);
      });
      await use();
      expect(errors.filter((error) => !expectedErrors.some((expected) => expected.test(error)))).toEqual([]);
    },
    { auto: true },
  ],
});
