// The rows of a tree of folders, and where keys lead in it, as the ARIA pattern of trees has them.
import type { Folder } from './service';

export interface TreeRow extends Folder {
  /** From 1. */
  readonly level: number;
  readonly unfolded: boolean;
  /** False where it is known to have no folders. */
  readonly unfolds: boolean;
}

type Known = Pick<ReadonlyMap<string, readonly Folder[]>, 'get'>;
type Unfolded = Pick<ReadonlySet<string>, 'has'>;

export function flatten(root: Folder, known: Known, unfolded: Unfolded): TreeRow[] {
  const rows: TreeRow[] = [];
  const add = (folder: Folder, level: number) => {
    const within = known.get(folder.path);
    const open = unfolded.has(folder.path);
    rows.push({ name: folder.name, path: folder.path, level, unfolded: open, unfolds: !open || within?.length !== 0 });
    if (open) within?.forEach((child) => add(child, level + 1));
  };
  add(root, 1);
  return rows;
}

/** What a key does: the row that gets the focus, and whether the one that had it is folded, unfolded or opened. */
export interface TreeStep {
  readonly focus: string;
  readonly fold?: boolean;
  readonly open?: boolean;
}

export function placeInTree(key: string, at: string, rows: readonly TreeRow[]): TreeStep | null {
  const index = rows.findIndex((row) => row.path === at);
  const row = rows[index];
  if (row === undefined) return null;
  const to = (place: number): TreeStep => ({ focus: (rows[place] ?? row).path });
  switch (key) {
    case 'ArrowDown':
      return to(index + 1);
    case 'ArrowUp':
      return to(index - 1);
    case 'Home':
      return to(0);
    case 'End':
      return to(rows.length - 1);
    case 'Enter':
    case ' ':
      return { focus: at, open: true };
    case 'ArrowRight':
      if (!row.unfolded) return { focus: at, fold: false };
      return (rows[index + 1]?.level ?? 0) > row.level ? to(index + 1) : null;
    case 'ArrowLeft':
      if (row.unfolded) return { focus: at, fold: true };
      return to(rows.findLastIndex((other, place) => place < index && other.level < row.level));
    default:
      return null;
  }
}
