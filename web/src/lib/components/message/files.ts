// How a file can be shown, and its bytes as an address.
import { ApiError, authorizedFetch } from '$lib/api/client';
import { address } from '$lib/api/client';
import { extension } from '$lib/workspace/path';

export type Shown = 'image' | 'audio' | 'video' | 'text' | 'none';

const EXTENSIONS: [Shown, string][] = [
  ['image', 'png jpg jpeg gif webp avif bmp svg ico'],
  ['audio', 'mp3 wav ogg oga m4a flac opus weba'],
  ['video', 'mp4 webm ogv mov m4v'],
  [
    'text',
    'txt md csv tsv json jsonl yaml yml toml ini xml html css js mjs ts tsx jsx svelte py rs go java kt c h cpp hpp cs ' +
      'rb php sh sql log diff patch tex env conf r lua swift scala proto graphql',
  ],
];

/** The most of a text that is shown, in bytes; the rest is there to be downloaded. */
export const MOST_TEXT = 200_000;

export function shownAs(name: string): Shown {
  const ending = extension(name);
  return EXTENSIONS.find(([, endings]) => ending !== '' && endings.split(' ').includes(ending))?.[0] ?? 'none';
}

/** What a fence would call the language of a file. */
export function languageOfFile(name: string): string {
  return extension(name);
}

export function contentPath(path: string): string {
  return address('/v1/workspace/content', { path });
}

export function downloadPath(path: string): string {
  return address('/v1/workspace/download', { path });
}

export function artifactPath(run: string, hash: string): string {
  return `/v1/runs/${encodeURIComponent(run)}/artifacts/${encodeURIComponent(hash)}`;
}

/** The bytes behind a path, fetched with the token. */
export async function fetchBytes(path: string, most?: number): Promise<Blob> {
  const headers: Record<string, string> = most === undefined ? {} : { range: `bytes=0-${most - 1}` };
  const response = await authorizedFetch(path, { headers });
  if (!response.ok) throw new ApiError(response.status, await response.json().catch(() => null));
  return response.blob();
}
