/**
 * Makes what scrolls sideways reachable by keys, while it does: a table or code that fits is no stop of the Tab key.
 */

let observer: ResizeObserver | undefined;

export function scrollableByKeys(element: HTMLElement): () => void {
  observer ??= new ResizeObserver((entries) => entries.forEach(({ target }) => mark(target as HTMLElement)));
  observer.observe(element);
  return () => observer?.unobserve(element);
}

function mark(element: HTMLElement): void {
  const scrolls = element.scrollWidth > element.clientWidth || element.scrollHeight > element.clientHeight;
  // Writing what is there already would have the page laid out once more.
  if (scrolls === element.hasAttribute('tabindex')) return;
  if (scrolls) element.tabIndex = 0;
  else element.removeAttribute('tabindex');
}
