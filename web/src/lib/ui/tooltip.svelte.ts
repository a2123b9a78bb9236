// The one tooltip of the page: what it says, and beside what. One layer draws it for all, so that a list of a thousand
// buttons costs no more than one.
export type Side = 'top' | 'right' | 'bottom' | 'left';

export interface Told {
  text: string;
  keys?: string;
  side: Side;
  beside: DOMRect;
}

/** How long a pointer rests before it counts as asking. */
const PATIENCE = 500;

class TooltipState {
  told = $state.raw<Told | null>(null);
  #shown: Told | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;

  /** Tells after a while, or `now`. */
  tell(node: Element, text: string, keys: string | undefined, side: Side, now: boolean): void {
    this.hide();
    const show = () => (this.told = this.#shown = { text, keys, side, beside: node.getBoundingClientRect() });
    if (now) show();
    else this.#timer = setTimeout(() => node.isConnected && show(), PATIENCE);
  }

  hide(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const gone = this.#shown;
    this.#shown = null;
    // What is focused may be taken out of the page while it is drawn, which is no time to change what is shown.
    if (gone) queueMicrotask(() => this.#shown === null && (this.told = null));
  }
}

export const tooltip = new TooltipState();
