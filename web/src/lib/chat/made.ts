/** Files that an answer made or changed: what it wrote by a tool, and what it names and the workspace has as new. */
import type { AgentRun, AssistantTurn, MadeFile } from '$lib/stream/conversation';
import { list, root, type FileItem } from '$lib/workspace/service';

/** A name in backticks with an extension, the way models tell of files. */
const NAMED = /`([\w@./ -]+\.\w{1,8})`/g;
const MOST = 12;
/** The most that the service lists at once. */
const PAGE = 500;
/** Clocks of files and of runs may differ by this much, in milliseconds. */
const LEEWAY = 1_500;

/** The paths that an answer may have made, as it names them. */
export function candidates(run: AgentRun): string[] {
  const paths: string[] = [];
  for (const part of run.parts) {
    if (part.kind === 'text') paths.push(...[...part.text.matchAll(NAMED)].map((found) => found[1] ?? ''));
    if (part.kind !== 'call') continue;
    if (part.name === 'write_file' && part.status === 'completed') paths.push(pathOf(part.input));
    if (part.child) paths.push(...candidates(part.child));
  }
  return [...new Set(paths.map((path) => path.replace(/^\.\//, '')).filter(Boolean))].slice(0, MOST);
}

function pathOf(input: string): string {
  try {
    const path = (JSON.parse(input) as { path?: unknown }).path;
    return typeof path === 'string' ? path : '';
  } catch {
    return '';
  }
}

/** Those of them that the workspace has, and that were written while the answer was. */
export async function madeBy(turn: AssistantTurn): Promise<MadeFile[]> {
  const wanted = candidates(turn);
  if (wanted.length === 0 || !turn.startedAt) return [];
  const { path: base } = await root();
  const paths = new Set(wanted.map((path) => (path.startsWith('/') ? path : `${base}/${path}`)));
  const folders = new Set([...paths].map((path) => path.slice(0, path.lastIndexOf('/')) || base));
  const from = Date.parse(turn.startedAt) - LEEWAY;
  const until = turn.finishedAt ? Date.parse(turn.finishedAt) + LEEWAY : Number.POSITIVE_INFINITY;
  const isMade = (file: FileItem) =>
    !file.is_dir && paths.has(file.path) && file.modified >= from && file.modified <= until;
  // A folder that is not there has none of them.
  const lists = await Promise.all([...folders].map((folder) => list(folder, 1, PAGE).catch(() => ({ files: [] }))));
  return lists.flatMap(({ files }) => files.filter(isMade).map(({ name, path, size }) => ({ name, path, size })));
}
