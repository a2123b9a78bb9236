// For what opens under a button: its code is fetched when somebody reaches for the button, and not before.
import { createAttachmentKey } from 'svelte/attachments';

/** The properties of a button whose `open` needs code that `load` fetches. */
export function reachable(
  load: () => Promise<unknown>,
  open: () => void,
  popup: 'menu' | 'dialog',
): Record<string | symbol, unknown> {
  function listen(node: HTMLElement) {
    const reach = () => void load();
    const down = (event: KeyboardEvent) => {
      if (event.key !== 'ArrowDown' || popup !== 'menu') return;
      event.preventDefault();
      open();
    };
    node.addEventListener('pointerenter', reach);
    node.addEventListener('focus', reach);
    node.addEventListener('keydown', down);
    return () => {
      node.removeEventListener('pointerenter', reach);
      node.removeEventListener('focus', reach);
      node.removeEventListener('keydown', down);
    };
  }
  return { 'aria-haspopup': popup, 'aria-expanded': false, onclick: open, [createAttachmentKey()]: listen };
}
