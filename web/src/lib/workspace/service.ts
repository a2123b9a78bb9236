// The workspace's routes (checklist group O): what they answer, and their addresses for the browser to load.
import { address, ApiError, authorizedFetch, request } from '$lib/api/client';

/** A file or folder as lists have it. */
export interface FileItem {
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  readonly is_dir: boolean;
  /** Bytes; 0 for folders. */
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly modified: number;
  readonly is_text: boolean;
  readonly is_image: boolean;
  readonly is_audio: boolean;
  readonly is_video: boolean;
}

export interface FilePage {
  readonly files: FileItem[];
  readonly has_more: boolean;
  readonly total: number;
}

/** A folder in the tree. */
export interface Folder {
  readonly name: string;
  readonly path: string;
}

const ROUTE = '/v1/workspace';

export function list(path: string, page: number, size: number, signal?: AbortSignal): Promise<FilePage> {
  return request('GET', `${ROUTE}/list`, { query: { path, page, page_size: size }, signal });
}

/** The workspace itself with its folders. */
export async function root(): Promise<Folder & { children: Folder[] }> {
  const [found] = await request<(Folder & { children: Folder[] })[]>('GET', `${ROUTE}/tree`, { query: { path: '.' } });
  if (found === undefined) throw new Error('the service has no workspace');
  // Two paths of one folder would be two folders to the page.
  return { ...found, path: found.path.replace(/(?<=.)\/+$/, '') };
}

export function children(path: string): Promise<Folder[]> {
  return request('GET', `${ROUTE}/children`, { query: { path } });
}

/** Files that contain the words: a space is «and», `|` is «or». `cut`: there may be more than these. */
export async function search(
  path: string,
  query: string,
  signal?: AbortSignal,
): Promise<{ files: FileItem[]; cut: boolean }> {
  const response = await authorizedFetch(address(`${ROUTE}/search`, { path, query }), { signal });
  const body: unknown = await response.json().catch(() => null);
  if (!response.ok) throw new ApiError(response.status, body);
  return { files: body as FileItem[], cut: response.headers.get('x-search-cut') === 'true' };
}

export function rename(path: string, name: string): Promise<{ path: string; name: string }> {
  return request('POST', `${ROUTE}/rename`, { body: { path, new_name: name } });
}

export function duplicate(path: string): Promise<{ path: string; name: string }> {
  return request('POST', `${ROUTE}/duplicate`, { body: { path } });
}

export function remove(path: string): Promise<unknown> {
  return request('DELETE', `${ROUTE}/delete`, { body: { path } });
}

export function makeFolder(path: string): Promise<FileItem> {
  return request('POST', `${ROUTE}/folder`, { body: { path } });
}

export function contentAddress(path: string): string {
  return address(`${ROUTE}/content`, { path });
}

export function downloadAddress(path: string): string {
  return address(`${ROUTE}/download`, { path });
}

/** A picture of at most so many pixels; `modified` makes a changed one another address for the page. */
export function thumbnailAddress({ path, modified }: FileItem, size: number): string {
  return address(`${ROUTE}/thumbnail`, { path, size, modified });
}
