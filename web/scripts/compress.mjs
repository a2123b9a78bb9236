// Writes the Brotli form of what a browser loads beside it, which the runtime compiles in and serves to who takes it.
import { copyFile, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';

const dist = process.env.TROUPE_DIST ?? new URL('../dist', import.meta.url).pathname;
const TEXT = /\.(js|css|html|svg|json|wasm)$/;
/** The best costs ten times as much for two more in a hundred. */
const QUALITY = 9;
/** Below it a packet holds the file either way. */
const SMALL = 1024;

// The runtime compiles in the whole folder, and no browser asks for this: only size.mjs does.
await copyFile(join(dist, '.vite/manifest.json'), `${dist}.manifest.json`);
await rm(join(dist, '.vite'), { recursive: true });

for (const entry of await readdir(dist, { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath ?? entry.path, entry.name);
  if (!entry.isFile() || !TEXT.test(path)) continue;
  const bytes = await readFile(path);
  if (bytes.length < SMALL) continue;
  const compressed = brotliCompressSync(bytes, {
    params: { [constants.BROTLI_PARAM_QUALITY]: QUALITY, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
  });
  if (compressed.length * 10 <= bytes.length * 9) await writeFile(`${path}.br`, compressed);
}
