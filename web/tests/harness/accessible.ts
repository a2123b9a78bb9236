// axe over what is shown, in both themes.
import { expect, type Page } from '@playwright/test';
import axe from 'axe-core';

const THEMES = ['light', 'dark'] as const;

/** Fails with the rules that are broken and where. The console follows the system's theme unless one was chosen. */
export async function expectAccessible(page: Page, within?: string): Promise<void> {
  for (const theme of THEMES) {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
    await expect(page.locator('html')).toHaveAttribute('data-theme', theme);
    // Evaluated by the debugger, which the page's CSP does not concern.
    await page.evaluate(`window.axe || ${axe.source}`);
    const found = await page.evaluate(async (selector) => {
      const { axe } = window as unknown as { axe: typeof import('axe-core') };
      // Menus and lists that are open belong to their button, as dialogs do, wherever they are in the page.
      const regionMatcher = 'dialog, [role=dialog], [role=alertdialog], [role=menu], [role=listbox], svg';
      axe.configure({ checks: [{ id: 'region', options: { regionMatcher } }] });
      const { violations } = await axe.run(selector ?? document, { resultTypes: ['violations'] });
      return violations.map(({ id, nodes }) => ({ id, nodes: nodes.map((node) => `${node.target.join(' ')}: ${node.failureSummary ?? ''}`) }));
    }, within);
    expect(found, `axe, ${theme}`).toEqual([]);
  }
}
