// The composer: chips, images, files, keys.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, expectAccessible, look, test } from '../harness/test';
import { chat, Desk } from './desk';

test.use(chat);

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

test('everything is done by keyboard', async ({ page, troupe }) => {
  await Desk.open(page, troupe.console);
  const desk = new Desk(page);
  await desk.field.focus();
  await page.keyboard.type('First line');
  await page.keyboard.press('Shift+Enter');
  await page.keyboard.type('second line');
  await page.keyboard.press('Enter');
  await desk.answered(/You said: First line\s*second line/);
  await page.keyboard.type('Say two');
  await page.keyboard.press('Enter');
  await desk.answered('You said: Say two');
  await desk.idle();
  // The arrow up brings back what was said, the latest first.
  await page.keyboard.press('ArrowUp');
  await expect(desk.field).toHaveText('Say two');
  await page.keyboard.press('ArrowUp');
  await expect(desk.field).toHaveText(/First line\s*second line/);
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await expect(desk.field).toHaveText('');
  await page.keyboard.type('Speak slowly');
  await page.keyboard.press('Enter');
  await desk.answered(/One after/);
  await page.keyboard.press('Escape');
  await desk.answered(/The answer was stopped/);
  // Everything else is reached by Tab.
  const reached = new Set<string>();
  for (let index = 0; index < 60; index += 1) {
    await page.keyboard.press('Tab');
    reached.add(
      await page.evaluate(
        () => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent?.trim() ?? '',
      ),
    );
  }
  for (const name of ['Attach', 'New conversation', 'Instructions', 'Archive']) expect([...reached]).toContain(name);
  expect([...reached].some((name) => name.startsWith('Who answers'))).toBe(true);
});

test('a message that is sent before the page knows who answers is sent as soon as it does', async ({
  page,
  troupe,
}) => {
  let open: () => void = () => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  await page.route('**/v1/resources/**', async (route) => {
    await opened;
    await route.continue();
  });
  const desk = await Desk.open(page, troupe.console);
  await desk.write('Hello there');
  await page.keyboard.press('Enter');
  await expect(desk.field).toHaveText('Hello there');
  open();
  await desk.answered('You said: Hello there');
  await expect(desk.field).toHaveText('');
});

test('an image is pasted, shown, removed, dropped and sent', async ({ page, troupe }) => {
  const desk = await Desk.open(page, troupe.console);
  await desk.field.click();
  const give = (type: 'paste' | 'drop') =>
    page.evaluate(
      async ([pixel, kind]) => {
        const bytes = Uint8Array.from(atob(pixel), (letter) => letter.charCodeAt(0));
        const data = new DataTransfer();
        data.items.add(new File([bytes], 'dot.png', { type: 'image/png' }));
        const field = document.querySelector('[role=textbox][contenteditable]');
        const event =
          kind === 'paste'
            ? new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true })
            : new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true });
        field?.dispatchEvent(event);
      },
      [PIXEL, type] as const,
    );
  await give('paste');
  const attachments = page.getByRole('list', { name: 'Attachments' });
  await expect(attachments.getByRole('img')).toHaveCount(1);
  await attachments.getByRole('button', { name: 'Remove image 1' }).click();
  await expect(attachments).toHaveCount(0);
  await give('drop');
  await expect(attachments.getByRole('img')).toHaveCount(1);
  await look(page, 'chat-image');
  await expectAccessible(page);
  await desk.say('What is this?');
  await desk.answered('You said: What is this?');
  const { sessions } = await troupe.api<{ sessions: { session_id: string }[] }>('GET', '/v1/sessions');
  const { messages } = await troupe.api<{ messages: { images?: string[] }[] }>(
    'GET',
    `/v1/sessions/${sessions[0]?.session_id}`,
  );
  expect(messages[0]?.images?.[0]).toContain(PIXEL);
});

test('a file of the workspace is attached as a chip, and the model reads it', async ({ page, troupe }) => {
  await writeFile(join(troupe.workspace, 'plan.md'), 'The plan is to sail.');
  const desk = await Desk.open(page, troupe.console);
  await desk.write('Look at ');
  await page.getByRole('button', { name: 'Attach' }).click();
  await page.getByRole('menuitem', { name: 'File of the workspace' }).click();
  await page.getByRole('dialog').getByText('plan.md', { exact: true }).dblclick();
  await expect(desk.field.locator('[data-file]')).toHaveText('plan.md');
  await expect(desk.field).toBeFocused();
  await look(page, 'chat-chip');
  await expectAccessible(page);
  await page.keyboard.type('please');
  await page.keyboard.press('Enter');
  await desk.answered(/The plan is to sail/);
});

test('a file is uploaded by dropping it', async ({ page, troupe }) => {
  const desk = await Desk.open(page, troupe.console);
  await desk.write('Read ');
  await page.evaluate(() => {
    const data = new DataTransfer();
    data.items.add(new File(['Words of mine.'], 'mine.txt', { type: 'text/plain' }));
    document
      .querySelector('[role=textbox][contenteditable]')
      ?.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
  });
  await expect(desk.field.locator('[data-file]')).toHaveText(/^mine-\d+\.txt$/);
  await page.keyboard.press('Enter');
  await desk.answered(/Words of mine\./);
});

test('speech is recorded for a model that hears', async ({ browser, troupe }) => {
  const context = await browser.newContext({ permissions: ['microphone'], locale: 'en-GB' });
  const page = await context.newPage();
  await page.addInitScript(() => {
    // A tone instead of a microphone: the machine of a test has none.
    navigator.mediaDevices.getUserMedia = async () => {
      const audio = new AudioContext();
      const tone = audio.createOscillator();
      const into = audio.createMediaStreamDestination();
      tone.connect(into);
      tone.start();
      return into.stream;
    };
  });
  const desk = await Desk.open(page, troupe.console);
  await page.getByRole('button', { name: 'Record speech' }).click();
  await page.waitForTimeout(1_200);
  await page.getByRole('button', { name: 'Attach the recording' }).click();
  await expect(page.getByRole('button', { name: 'Remove the recording' })).toBeVisible();
  await desk.say('What do you hear?');
  await desk.answered('You said: What do you hear?');
  const { sessions } = await troupe.api<{ sessions: { session_id: string }[] }>('GET', '/v1/sessions');
  const { messages } = await troupe.api<{ messages: { audio?: string }[] }>(
    'GET',
    `/v1/sessions/${sessions[0]?.session_id}`,
  );
  const audio = Buffer.from(messages[0]?.audio ?? '', 'base64');
  expect(audio.subarray(0, 4).toString()).toBe('RIFF');
  // A second of sixteen-bit samples at 16 kHz, about.
  expect(audio.length).toBeGreaterThan(20_000);
  await context.close();
});

test('the beginning says what to do, and breaks no rule of accessibility', async ({ page, troupe }) => {
  await Desk.open(page, troupe.console);
  await expect(page.getByText('Ask Assistant')).toBeVisible();
  await look(page, 'chat-empty');
  await expectAccessible(page);
});
