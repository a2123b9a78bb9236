// What stories about resources do again and again.
import type { Page } from '@playwright/test';

import { expect, type Troupe } from '../harness/test';

/** The text of the YAML beside the form. */
export async function yamlOf(page: Page): Promise<string> {
  const editor = page.getByRole('textbox', { name: 'YAML' });
  await expect(editor).not.toBeEmpty();
  const lines = await editor.locator('.cm-line').allInnerTexts();
  return lines.map((line) => line.replace(/\n$/, '')).join('\n');
}

/** Replaces the whole text, as somebody who pastes. */
export async function pasteYaml(page: Page, text: string): Promise<void> {
  const editor = page.getByRole('textbox', { name: 'YAML' });
  await editor.click();
  await page.keyboard.press('ControlOrMeta+a');
  // Typing would indent and close brackets by itself.
  await page.keyboard.insertText(text);
}

export async function save(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText('Unsaved')).toHaveCount(0);
}

interface Manifest {
  metadata: { name: string; resourceVersion?: string };
  spec: Record<string, unknown>;
  status?: unknown;
}

export const read = (troupe: Troupe, path: string) => troupe.api<Manifest>('GET', `/v1/resources/${path}`);

/** Changes a resource as somebody else does, behind the page's back. */
export async function changeElsewhere(troupe: Troupe, path: string, spec: Record<string, unknown>): Promise<void> {
  const { status: _, ...manifest } = await read(troupe, path);
  await troupe.api('PUT', `/v1/resources/${path}`, { ...manifest, spec: { ...manifest.spec, ...spec } });
}
