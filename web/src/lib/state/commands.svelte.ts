// What the command palette and the keys can do: the shell's actions, and those of the page that is shown.
import type { LucideIcon } from '@lucide/svelte';
import { createContext } from 'svelte';

export interface Command {
  id: string;
  title: string;
  /** A heading in the palette. */
  section?: string;
  icon?: LucideIcon;
  /** Such as `mod+shift+o`, `g a`, `?`; `mod` is Cmd on a Mac, else Ctrl. */
  keys?: string;
  /** More words that find it. */
  words?: string;
  run: () => void;
}

export class Commands {
  #sets = $state.raw<Command[][]>([]);

  get all(): Command[] {
    return this.#sets.flat();
  }

  /** Adds commands until the function that is returned is called. */
  add(commands: Command[]): () => void {
    this.#sets = [...this.#sets, commands];
    return () => {
      this.#sets = this.#sets.filter((set) => set !== commands);
    };
  }
}

export const [getCommands, setCommands] = createContext<Commands>();
