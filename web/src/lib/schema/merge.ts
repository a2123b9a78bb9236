// Two people changed one resource: what both may keep, and where they contradict each other.
import { at, changes, put } from './edit';
import { formatPath, startsWith, type Path } from './path';

export interface Merged {
  /** Theirs, with what we changed and they did not. */
  value: unknown;
  /** Fields that both changed, each its own way. */
  conflicts: string[];
}

/** Brings our changes since `base` into what the others made of it. */
export function merge(base: unknown, ours: unknown, theirs: unknown): Merged {
  const their = changes(base, theirs);
  const touched = (path: Path) =>
    their.some((change) => startsWith(change.path, path) || startsWith(path, change.path));
  let value = theirs;
  const conflicts: string[] = [];
  for (const change of changes(base, ours)) {
    const agreed = JSON.stringify(at(theirs, change.path)) === JSON.stringify(change.value);
    if (agreed) continue;
    if (touched(change.path)) conflicts.push(formatPath(change.path));
    else value = put(value, change.path, change.value);
  }
  return { value, conflicts: [...new Set(conflicts)] };
}
