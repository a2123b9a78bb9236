/**
 * Calls once, when an element comes near to what is seen: work that nobody looks at is not done.
 */

const waiting = new WeakMap<Element, () => void>();
let observer: IntersectionObserver | undefined;

/** Gives what stops waiting. */
export function whenSeen(element: Element, then: () => void): () => void {
  observer ??= new IntersectionObserver(tell, { rootMargin: '400px' });
  waiting.set(element, then);
  observer.observe(element);
  return () => {
    waiting.delete(element);
    observer?.unobserve(element);
  };
}

function tell(entries: IntersectionObserverEntry[], from: IntersectionObserver): void {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    const then = waiting.get(entry.target);
    waiting.delete(entry.target);
    from.unobserve(entry.target);
    then?.();
  }
}
