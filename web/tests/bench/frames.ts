// The time between frames while something goes on.
import type { Page } from '@playwright/test';

/** The longest gaps between two frames in a while, in milliseconds, the longest first. */
export function gaps(page: Page, milliseconds: number): Promise<number[]> {
  return page.evaluate(
    (time) =>
      new Promise<number[]>((resolve) => {
        const seen: number[] = [];
        const end = performance.now() + time;
        let last = 0;
        const tick = (now: number) => {
          if (last > 0) seen.push(now - last);
          last = now;
          if (now < end) requestAnimationFrame(tick);
          else resolve(seen.sort((a, b) => b - a));
        };
        requestAnimationFrame(tick);
      }),
    milliseconds,
  );
}
