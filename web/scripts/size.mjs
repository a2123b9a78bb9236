// Weighs what a browser must load before the console shows anything, and fails above the limit.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const LIMIT = 150 * 1000;
const dist = process.env.TROUPE_DIST ?? new URL('../dist', import.meta.url).pathname;
// compress.mjs has put it beside the folder.
const manifest = JSON.parse(await readFile(`${dist}.manifest.json`, 'utf8'));

// The entry, everything that it imports at once, and nothing that is imported when a page is opened.
function reachable(name, seen = new Set()) {
  if (seen.has(name)) return seen;
  seen.add(name);
  for (const next of manifest[name].imports ?? []) reachable(next, seen);
  return seen;
}

async function weigh(file) {
  return gzipSync(await readFile(join(dist, file)), { level: 9 }).length;
}

const entry = Object.keys(manifest).find((name) => manifest[name].isEntry);
const initial = [...reachable(entry)];
// The first page is the chat: its code counts as well.
const chat = Object.keys(manifest).find((name) => manifest[name].isDynamicEntry && name.endsWith('routes/Chat.svelte'));
const withChat = chat ? [...reachable(chat, new Set(initial))] : initial;

const total = async (names) => (await Promise.all(names.map((name) => weigh(manifest[name].file)))).reduce((a, b) => a + b, 0);
const first = await total(initial);
const both = await total(withChat);
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;

console.log(`initial JavaScript, gzip: ${kilobytes(first)}; with the chat page: ${kilobytes(both)}; limit ${kilobytes(LIMIT)}`);
if (both > LIMIT) {
  console.error('the initial JavaScript is above its limit: import lazily what the first page does not show');
  process.exit(1);
}
