/**
 * What the renderer leaves a place for, because it is built by our own code and not by HTML: code, mathematics, task
 * boxes, pictures from elsewhere. A place is an element with `data-slot`; its name has a random part, so that no text
 * that is rendered can name one.
 */

export interface CodeSlot {
  kind: 'code';
  code: string;
  /** The first word after the fence, in lower case; empty where there is none. */
  language: string;
  /** The fence is not closed yet. */
  open: boolean;
}

export interface MathSlot {
  kind: 'math';
  tex: string;
  /** On lines of its own. */
  display: boolean;
  /** The closing mark is not there yet. */
  open: boolean;
}

export interface PictureSlot {
  kind: 'picture';
  /** Where it would be loaded from. Never loaded without a click: a request tells its server who reads what. */
  href: string;
  alt: string;
}

export interface TaskSlot {
  kind: 'task';
  done: boolean;
}

export type Slot = CodeSlot | MathSlot | PictureSlot | TaskSlot;

/** The attribute that marks a place. */
export const SLOT = 'data-slot';

const secret = crypto.getRandomValues(new Uint32Array(3)).join('-');

/** The places of one rendering, by name. */
export class Slots {
  readonly #slots = new Map<string, Slot>();

  /** Notes what belongs into a place and gives the place's name. */
  add(slot: Slot): string {
    const name = `${secret}-${this.#slots.size}`;
    this.#slots.set(name, slot);
    return name;
  }

  get(name: string | null): Slot | undefined {
    return name === null ? undefined : this.#slots.get(name);
  }
}

/** Whether two places would show the same. */
export function sameSlot(one: Slot, other: Slot): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
