// What a list and tiles of entries are given alike.
import type { WorkspaceFolder } from '$lib/state/workspace.svelte';

export interface EntriesProps {
  folder: WorkspaceFolder;
  /** The element's id of an entry. */
  rowId: (place: number) => string;
  onclicked: (place: number, event: MouseEvent) => void;
  onopened: (place: number) => void;
  ontick: (place: number) => void;
}
