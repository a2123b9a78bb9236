// Pictures of a page in both themes at three widths, to be looked at: test-results/looks/NAME-WIDTH-THEME.png.
import type { Page } from '@playwright/test';

import { here } from './places';

/** The widest first: on a phone the sidebar is put away, with what was written into it. */
const WIDTHS = [
  [1600, 1000],
  [1024, 768],
  [390, 844],
] as const;
const TALL = 2400;

/**
 * Takes them where TROUPE_LOOKS is set; a story that runs for its own sake is not slowed down. `tall` shows in one picture
 * what people scroll through.
 */
export async function look(page: Page, name: string, { tall = false } = {}): Promise<void> {
  if (!process.env.TROUPE_LOOKS) return;
  const before = page.viewportSize();
  for (const [width, height] of WIDTHS) {
    await page.setViewportSize({ width, height: tall ? TALL : height });
    for (const theme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
      await page.waitForTimeout(150);
      await page.screenshot({ path: here(`test-results/looks/${name}-${width}-${theme}.png`), animations: 'disabled' });
    }
  }
  if (before) await page.setViewportSize(before);
}
