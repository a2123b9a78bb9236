/**
 * Draws a block into an element and keeps what did not change: elements, and the components in its places.
 */
import { mount, unmount } from 'svelte';

import type { Block } from './blocks';
import { render } from './grammar';
import { morph, type Places } from './morph';
import { scrollableByKeys } from './overflow';
import { sanitize } from './sanitize';
import { SLOT, sameSlot, type Slot, type Slots } from './slot';
import SlotView from './SlotView.svelte';

interface Filled {
  props: { slot: Slot };
  component: Record<string, unknown>;
}

export class Drawing implements Places {
  readonly #element: HTMLElement;
  readonly #context: Map<unknown, unknown>;
  readonly #filled = new Map<Element, Filled>();
  readonly #watched = new Map<Element, () => void>();
  #fresh: Slots | undefined;

  constructor(element: HTMLElement, context: Map<unknown, unknown>) {
    this.#element = element;
    this.#context = context;
  }

  show(block: Block): void {
    const { html, slots } = render(block.tokens, block.rank);
    this.#fresh = slots;
    morph(this.#element, sanitize(html, slots), this);
    this.#fillPlaces(slots);
    this.#watchTables();
  }

  destroy(): void {
    for (const { component } of this.#filled.values()) void unmount(component);
    for (const stop of this.#watched.values()) stop();
    this.#filled.clear();
    this.#watched.clear();
  }

  isPlace(element: Element): boolean {
    return element.hasAttribute(SLOT);
  }

  keep(old: Element, fresh: Element): boolean {
    const filled = this.#filled.get(old);
    const slot = this.#fresh?.get(fresh.getAttribute(SLOT));
    if (!filled || !slot) return false;
    const known = filled.props.slot;
    if (sameSlot(known, slot)) return true;
    const grows = known.kind === 'code' && slot.kind === 'code' && slot.language === known.language;
    if (!grows || !slot.code.startsWith(known.code.trimEnd())) return false;
    filled.props.slot = slot;
    return true;
  }

  drop(old: Element): void {
    const filled = this.#filled.get(old);
    this.#filled.delete(old);
    if (filled) void unmount(filled.component);
  }

  #fillPlaces(slots: Slots): void {
    for (const place of this.#element.querySelectorAll(`[${SLOT}]`)) {
      if (this.#filled.has(place)) continue;
      const slot = slots.get(place.getAttribute(SLOT));
      if (!slot) continue;
      const props = $state<{ slot: Slot }>({ slot });
      const component = mount(SlotView, { target: place, props, context: this.#context });
      this.#filled.set(place, { props, component });
    }
  }

  #watchTables(): void {
    for (const [table, stop] of this.#watched) {
      if (table.isConnected) continue;
      stop();
      this.#watched.delete(table);
    }
    for (const table of this.#element.querySelectorAll('table')) {
      if (!this.#watched.has(table)) this.#watched.set(table, scrollableByKeys(table));
    }
  }
}
