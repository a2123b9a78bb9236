// The page of chat as somebody at it sees it.
import { readFileSync } from 'node:fs';

import { expect, type Locator, type Page } from '@playwright/test';

import { here } from '../harness/places';
import { fixture } from '../harness/test';

/** A text of which 200 tokens a second may come. */
const LONG = Array.from({ length: 1_600 }, (_, index) => `word${index}`).join(' ');

/** What stories of the chat need of the service. */
export const chat = {
  manifests: fixture('chat'),
  scenario: readFileSync(here('tests/scenarios/chat.yaml'), 'utf8')
    .replace('FAST_TEXT', LONG)
    .replace('AT_LENGTH', LONG),
};

/** The whole of what the model says when it is asked to speak slowly. */
export const SLOW_END = 'which it is now.';

export class Desk {
  readonly field: Locator;
  readonly turns: Locator;
  readonly sidebar: Locator;

  constructor(readonly page: Page) {
    this.field = page.getByRole('textbox', { name: 'Message', exact: true });
    this.turns = page.getByRole('list', { name: 'Messages' });
    this.sidebar = page.getByRole('complementary', { name: 'Conversations' });
  }

  static async open(page: Page, url: string, session?: string): Promise<Desk> {
    const desk = new Desk(page);
    await page.goto(session ? `${url}/#/chat/${session}` : `${url}/#/chat`);
    await expect(desk.field).toBeVisible({ timeout: 30_000 });
    return desk;
  }

  /** Chooses who answers, by keyboard. */
  async choose(name: string): Promise<void> {
    await this.page.getByRole('button', { name: /^Who answers/ }).click();
    await this.page.locator('[data-command-input]').fill(name);
    await this.page.keyboard.press('Enter');
    await expect(this.page.getByRole('button', { name: new RegExp(`^Who answers: ${name}`, 'i') })).toBeVisible();
  }

  async write(text: string): Promise<void> {
    await this.field.click();
    await this.page.keyboard.insertText(text);
  }

  async say(text: string): Promise<void> {
    await this.write(text);
    await this.page.keyboard.press('Enter');
    await expect(this.field).toHaveText('');
  }

  /** The answer is there, as far as this text. */
  async answered(text: string | RegExp): Promise<void> {
    await expect(this.turns.getByText(text).last()).toBeVisible({ timeout: 30_000 });
  }

  /** All that the conversation shows, but for what was told to listeners when an answer came. */
  async words(): Promise<string> {
    // How long an answer took is measured from its stream where it was followed, else from what is stored of it.
    return (await this.turns.innerText()).replace(/\s*\w+ has answered\./g, '').replace(/[\d.]+ m?s\b/g, '(a time)');
  }

  /** Nothing runs in the conversation that is shown. */
  async idle(): Promise<void> {
    await expect(this.page.getByRole('button', { name: 'Stop', exact: true })).toHaveCount(0, { timeout: 20_000 });
  }

  /** A conversation in the list. */
  row(title: string | RegExp): Locator {
    return this.sidebar.getByRole('listitem').filter({ has: this.page.getByRole('link', { name: title }) });
  }

  async menu(title: string, item: string): Promise<void> {
    await this.row(title).hover();
    await this.row(title)
      .getByRole('button', { name: /^Actions for/ })
      .click();
    await this.page.getByRole('menuitem', { name: item }).click();
  }

  async fresh(): Promise<void> {
    await this.sidebar.getByRole('link', { name: 'New conversation' }).click();
    await expect(this.turns).toHaveCount(0);
  }
}
