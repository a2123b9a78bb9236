// What the command palette and the keys can do: the shell's actions, and those of the page that is shown.
import type { LucideIcon } from '@lucide/svelte';
import { createContext, untrack } from 'svelte';

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

/** Between the strokes of a sequence such as `g a`. */
const PATIENCE = 1000;

export class Commands {
  /** Whether the palette, or the list of keys, is open. */
  palette = $state(false);
  keysShown = $state(false);
  #sets = $state.raw<Command[][]>([]);
  #typed = '';
  #typedAt = 0;

  get all(): Command[] {
    return this.#sets.flat();
  }

  /** Adds commands until the function that is returned is called. */
  add(commands: Command[]): () => void {
    // Who adds in an effect does not want to be told of what others add.
    this.#sets = [...untrack(() => this.#sets), commands];
    return () => {
      this.#sets = untrack(() => this.#sets).filter((set) => set !== commands);
    };
  }

  /** Runs what a stroke says; true when it said something. */
  press(event: KeyboardEvent): boolean {
    const stroke = strokeOf(event);
    if (stroke === null || (isTyping(event) && !/mod|escape/.test(stroke))) return false;
    const sequence = event.timeStamp - this.#typedAt < PATIENCE ? `${this.#typed} ${stroke}` : stroke;
    this.#typed = stroke;
    this.#typedAt = event.timeStamp;
    const wanted = [sequence, stroke];
    const command = this.all.findLast(({ keys }) => keys !== undefined && wanted.includes(keys));
    if (!command) return false;
    this.#typed = '';
    command.run();
    return true;
  }
}

const mac = /Mac|iPhone|iPad/.test(navigator.platform);

/** A stroke as commands write it: `mod+shift+o`, `?`, `g`. */
function strokeOf(event: KeyboardEvent): string | null {
  if (event.isComposing || ['Control', 'Shift', 'Alt', 'Meta'].includes(event.key)) return null;
  const key = event.key.toLowerCase();
  const mod = mac ? event.metaKey : event.ctrlKey;
  // Shift makes another sign of most keys, and says so itself.
  const shift = event.shiftKey && (mod || key.length > 1);
  return [mod && 'mod', event.altKey && 'alt', shift && 'shift', key].filter(Boolean).join('+');
}

function isTyping(event: KeyboardEvent): boolean {
  const target = event.target;
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || target.closest('input, textarea, select, [role=dialog], [role=menu]') !== null;
}

/** Keys as people read them: `⌘K` on a Mac, else `Ctrl+K`. */
export function readableKeys(keys: string): string {
  const names: Record<string, string> = mac
    ? { mod: '⌘', shift: '⇧', alt: '⌥', enter: '↵' }
    : { mod: 'Ctrl', shift: 'Shift', alt: 'Alt', enter: 'Enter' };
  const one = (stroke: string) =>
    stroke
      .split('+')
      .map((key) => names[key] ?? (key.length > 1 ? key.charAt(0).toUpperCase() + key.slice(1) : key.toUpperCase()));
  return keys
    .split(' ')
    .map((stroke) => one(stroke).join(mac ? '' : '+'))
    .join(' ');
}

export const [getCommands, setCommands] = createContext<Commands>();
