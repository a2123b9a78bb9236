// What a person does with the selected entries, one after the other; what failed is told and the rest goes on.
import { join, parent, reference } from '$lib/workspace/path';
import { duplicate, makeFolder, remove, rename, type FileItem } from '$lib/workspace/service';
import type { WorkspaceFolder } from '$lib/state/workspace.svelte';
import { copyText } from '$lib/ui/clipboard';

export class Actions {
  /** Something is being done. */
  busy = $state(false);
  /** Counts what may have changed the tree of folders. */
  version = $state(0);
  readonly #folder: WorkspaceFolder;

  constructor(folder: WorkspaceFolder) {
    this.#folder = folder;
  }

  async makeFolder(name: string): Promise<void> {
    await makeFolder(join(this.#folder.path, name));
    await this.changed();
  }

  async rename(item: FileItem, name: string): Promise<void> {
    await rename(item.path, name);
    await this.changed();
  }

  /** Copies what is selected; answers with how many. */
  duplicate(): Promise<number> {
    return this.#each((item) => duplicate(item.path));
  }

  /** Deletes what is selected; answers with how many. */
  async delete(): Promise<number> {
    const count = await this.#each((item) => remove(item.path));
    this.#folder.selected = { ranges: [], anchor: 0, cursor: 0 };
    return count;
  }

  /** Puts references to what is selected into the clipboard; answers with how many. */
  async copyReferences(): Promise<number> {
    const items = await this.#folder.selectedItems();
    await copyText(items.map((item) => reference(item.path)).join('\n'));
    return items.length;
  }

  async changed(): Promise<void> {
    this.version += 1;
    await this.#folder.refresh();
  }

  async #each(act: (item: FileItem) => Promise<unknown>): Promise<number> {
    this.busy = true;
    let count = 0;
    try {
      for (const item of await this.#folder.selectedItems()) {
        await act(item);
        count += 1;
      }
    } finally {
      this.busy = false;
      await this.changed();
    }
    return count;
  }
}

/** The folder above, within the workspace. */
export function above(folder: WorkspaceFolder): string | null {
  return folder.root === null || folder.path === folder.root ? null : parent(folder.path);
}
