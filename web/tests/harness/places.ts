// Where the programs under test are, and free ports for them.
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A path from the folder of the console. */
export const here = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

const target = process.env.CARGO_TARGET_DIR ?? here('../target');

/** A program: as its variable says, else what cargo built last. */
export function program(name: 'troupe' | 'troupe-model-server'): string {
  const variable = { troupe: 'TROUPE_BIN', 'troupe-model-server': 'TROUPE_MODEL_SERVER_BIN' }[name];
  const said = process.env[variable];
  const path = said ?? join(target, 'debug', name);
  if (!existsSync(path)) throw new Error(`there is no ${path}: build it with cargo, or say in ${variable} where it is`);
  return path;
}

/** `embedded`: the service serves the console. `preview`: Vite serves what was built last, in front of the service. */
export const consoleFrom = process.env.TROUPE_CONSOLE === 'embedded' ? 'embedded' : 'preview';

/** What Vite has built: `dist`, or a folder of one's own while several people build at once. */
export const built = process.env.TROUPE_DIST ?? here('dist');

/** A port that nobody listens on. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port'))));
    });
  });
}
