/**
 * Makes many wishes one: while the work is done, further wishes are met by doing it once more afterwards. Whoever
 * wished waits until it was begun after the wish, and done.
 */
export function coalesced(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | null = null;
  let next: Promise<void> | null = null;
  const go = (): Promise<void> => {
    running = work().finally(() => (running = null));
    return running;
  };
  return () => {
    if (!running) return go();
    next ??= running
      .catch(() => undefined)
      .then(() => {
        next = null;
        return go();
      });
    return next;
  };
}
