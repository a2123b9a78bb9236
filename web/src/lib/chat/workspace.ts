/** What the composer needs of the workspace: folders to look into for a file to attach. */
import { request } from '$lib/api/client';

export interface WorkspaceFile {
  name: string;
  /** Absolute. */
  path: string;
  is_dir: boolean;
  size: number;
  /** Milliseconds since 1970. */
  modified: number;
  is_image: boolean;
}

const PAGE = 200;

interface Root {
  path: string;
}

/** The workspace's own folder. */
export async function root(signal?: AbortSignal): Promise<string> {
  const roots = await request<Root[]>('GET', '/v1/workspace/tree', { query: { path: '' }, signal });
  return roots[0]?.path ?? '';
}

/** A page of a folder, folders first. */
export async function list(
  path: string,
  page: number,
  signal?: AbortSignal,
): Promise<{ files: WorkspaceFile[]; has_more: boolean; total: number }> {
  return request('GET', '/v1/workspace/list', { query: { path, page, page_size: PAGE }, signal });
}

/** The folder above; the workspace's own at the top. */
export function above(root: string, path: string): string {
  if (path === root || !path.startsWith(root)) return root;
  return path.slice(0, Math.max(root.length, path.lastIndexOf('/')));
}
