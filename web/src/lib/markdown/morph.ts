/**
 * Makes the children of an element like those of a fragment and touches only what differs, so that a selection, a
 * picture and a block of code outlive the next word of the text.
 */

/** What the caller knows about the places of both sides. */
export interface Places {
  /** Whether the old place may stay for the new one; it sees to its contents itself. */
  keep(old: Element, fresh: Element): boolean;
  /** The old place goes away. */
  drop(old: Element): void;
  isPlace(element: Element): boolean;
}

export function morph(target: Node, source: Node, places: Places): void {
  let old = target.firstChild;
  let fresh = source.firstChild;
  while (fresh) {
    const nextFresh: ChildNode | null = fresh.nextSibling;
    if (!old) {
      target.appendChild(fresh);
    } else {
      const nextOld: ChildNode | null = old.nextSibling;
      replace(old, fresh, places);
      old = nextOld;
    }
    fresh = nextFresh;
  }
  while (old) {
    const next: ChildNode | null = old.nextSibling;
    remove(old, places);
    old = next;
  }
}

function replace(old: ChildNode, fresh: ChildNode, places: Places): void {
  if (old instanceof Text && fresh instanceof Text) {
    if (old.data !== fresh.data) changeText(old, fresh.data);
    return;
  }
  if (old instanceof Element && fresh instanceof Element) {
    if (places.isPlace(old) || places.isPlace(fresh)) {
      if (places.isPlace(old) && places.isPlace(fresh) && places.keep(old, fresh)) return;
    } else if (sameElement(old, fresh)) {
      morph(old, fresh, places);
      return;
    }
  }
  old.before(fresh);
  remove(old, places);
}

/** Appending keeps a selection within the text; setting it whole would not. */
function changeText(old: Text, text: string): void {
  if (text.startsWith(old.data)) old.appendData(text.slice(old.data.length));
  else old.data = text;
}

function sameElement(old: Element, fresh: Element): boolean {
  if (old.tagName !== fresh.tagName || old.attributes.length !== fresh.attributes.length) return false;
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) return false;
  return true;
}

function remove(node: ChildNode, places: Places): void {
  if (node instanceof Element) {
    if (places.isPlace(node)) places.drop(node);
    else for (const child of node.children) dropWithin(child, places);
  }
  node.remove();
}

function dropWithin(element: Element, places: Places): void {
  if (places.isPlace(element)) places.drop(element);
  else for (const child of element.children) dropWithin(child, places);
}
