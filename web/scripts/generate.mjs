// Writes src/lib/api/schema.ts, the types of the HTTP API, from ../runtime/openapi.json.
// With --check it writes nothing and fails if the committed file is another one.
import { readFile, writeFile } from 'node:fs/promises';
import openapiTS, { astToString } from 'openapi-typescript';

const source = new URL('../../runtime/openapi.json', import.meta.url);
const target = new URL('../src/lib/api/schema.ts', import.meta.url);

const head = '// The types of the HTTP API. Generated from runtime/openapi.json by `npm run generate`; not edited by hand.\n\n';
const text = head + astToString(await openapiTS(JSON.parse(await readFile(source, 'utf8'))));

if (process.argv.includes('--check')) {
  if ((await readFile(target, 'utf8')) !== text) {
    console.error('src/lib/api/schema.ts is not what runtime/openapi.json says: run `npm run generate`');
    process.exit(1);
  }
} else {
  await writeFile(target, text);
}
