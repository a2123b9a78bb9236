// What an answer costs while it comes, and a long conversation when it is opened. Figures of the machine that runs them
// are printed; the limits leave room for others that work on it.
import type { Browser, Page } from '@playwright/test';

import { expect, test } from './gallery';

// Playwright's own recording would be measured, too.
test.use({ trace: 'off', screenshot: 'off' });

interface TraceEvent {
  name: string;
  ph: string;
  ts: number;
  dur?: number;
  tdur?: number;
  pid: number;
  tid: number;
  args: { name?: string };
}

const SCRIPT = new Set([
  'FireAnimationFrame',
  'FunctionCall',
  'RunMicrotasks',
  'TimerFire',
  'EventDispatch',
  'EvaluateScript',
  'FireIdleCallback',
]);

/** Milliseconds of script in each frame, and of the longest tasks, while something is done. */
async function traced(
  browser: Browser,
  page: Page,
  act: () => Promise<void>,
): Promise<{ script: number[]; tasks: number[] }> {
  await browser.startTracing(page, {
    categories: ['devtools.timeline', 'disabled-by-default-devtools.timeline', 'toplevel', '__metadata'],
  });
  await act();
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: TraceEvent[] };
  const main = traceEvents.find(
    (event) => event.name === 'thread_name' && event.args.name === 'CrRendererMain' && hasFrames(traceEvents, event),
  );
  const mine = traceEvents.filter((event) => event.ph === 'X' && event.pid === main?.pid && event.tid === main.tid);
  mine.sort((one, other) => one.ts - other.ts);
  const script: number[] = [];
  let end = 0;
  let frame = -1;
  for (const event of mine) {
    if (event.name === 'FireAnimationFrame' && event.ts >= end) frame += 1;
    if (!SCRIPT.has(event.name) || event.ts < end || frame < 0) continue;
    // What is within another is counted with it.
    end = event.ts + (event.dur ?? 0);
    script[frame] = (script[frame] ?? 0) + (event.tdur ?? event.dur ?? 0) / 1000;
  }
  const tasks = mine.filter(({ name }) => name === 'RunTask').map(({ dur = 0 }) => dur / 1000);
  return { script, tasks: tasks.sort((one, other) => other - one) };
}

function hasFrames(events: TraceEvent[], thread: TraceEvent): boolean {
  return events.some(
    (event) => event.name === 'FireAnimationFrame' && event.pid === thread.pid && event.tid === thread.tid,
  );
}

const at = (sorted: number[], share: number) => sorted[Math.floor(sorted.length * share)] ?? 0;

test('an answer of 200 tokens a second leaves the frame to others', async ({ browser, page, gallery }) => {
  await page.goto(`${gallery}#stream`);
  // The parts that are loaded when they are first needed are there.
  await page.getByRole('button', { name: 'Start' }).click();
  await expect(page.locator('output')).toHaveText('done', { timeout: 30_000 });
  await page.reload();
  const { script, tasks } = await traced(browser, page, async () => {
    await page.getByRole('button', { name: 'Start' }).click();
    await expect(page.locator('output')).toHaveText('done', { timeout: 30_000 });
  });
  const sorted = script.map((value) => value ?? 0).sort((one, other) => one - other);
  const mean = sorted.reduce((sum, value) => sum + value, 0) / sorted.length;
  console.log(
    `stream: ${sorted.length} frames, script per frame: mean ${mean.toFixed(2)} ms, p50 ${at(sorted, 0.5).toFixed(2)}, p95 ${at(sorted, 0.95).toFixed(2)}, max ${at(sorted, 0.9999).toFixed(2)}; longest tasks ${tasks
      .slice(0, 5)
      .map((task) => task.toFixed(1))
      .join(', ')} ms`,
  );
  // Times are printed and not judged: they depend on what else the machine does. `make bench-web` has them beside a bare page's.
  expect(sorted.length).toBeGreaterThan(60);
});

/** Milliseconds of the processor that the page's main thread has had. */
async function processorTime(page: Page): Promise<() => Promise<number>> {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const read = async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    return (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0) * 1000;
  };
  const before = await read();
  return async () => (await read()) - before;
}

test('a conversation of 2,000 messages opens at once', async ({ page, gallery }) => {
  for (let round = 0; round < 2; round += 1) {
    await page.goto(`${gallery}#long`);
    await page.reload();
    await expect(page.getByRole('button', { name: 'Open' })).toBeVisible();
    const passed = await processorTime(page);
    await page.getByRole('button', { name: 'Open' }).click();
    await expect(page.locator('output')).not.toBeEmpty();
    const processor = await passed();
    const [, drawn = 0] = (await page.locator('output').textContent())?.split(' ').map(Number) ?? [];
    console.log(
      `2,000 messages: ${processor.toFixed(0)} ms of the main thread, ${drawn.toFixed(0)} ms to the drawn frame`,
    );
  }
  await expect(page.locator('article').first()).toBeVisible();
});

test('a selection outlives the next words', async ({ page, gallery }) => {
  await page.goto(`${gallery}#stream`);
  await page.getByRole('button', { name: 'Start' }).click();
  const paragraph = page.locator('.markdown-block p').first();
  await expect(paragraph).toContainText('three steps');
  await paragraph.evaluate((element) => getSelection()?.selectAllChildren(element.querySelector('strong') ?? element));
  await page.waitForTimeout(500);
  expect(await page.evaluate(() => getSelection()?.toString())).toBe('three steps');
});
