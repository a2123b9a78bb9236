// How fast the console is, beside a bare page in the same run. `make bench-web` runs it over programs for use.
import { execFileSync } from 'node:child_process';

import type { Page } from '@playwright/test';

import { Desk } from '../chat/desk';
import { here } from '../harness/places';
import { expect, test, type Troupe } from '../harness/test';
import { openBare, streamBare } from './bare';
import { gaps } from './frames';
import { median, print, report } from './report';

const RUNS = 5;
/** Turns of a conversation with 2,000 messages. */
const TURNS = Number(process.env.TROUPE_BENCH_TURNS ?? 1000);
/** Long enough for every stream to run while it is measured: 200 words a second. */
const WORDS = Array.from({ length: 8000 }, (_, at) => (at % 40 === 39 ? `word${at}.\n\n` : `word${at} `)).join('');

const scenario = `
rules:
  - when: {last_user_contains: Speak long}
    reply: {text: ${JSON.stringify(WORDS)}}
    pace: {between_ms: 5}
  - reply: {text: "Answer to {{last_user}}."}
`;

test.use({ scenario, serveArguments: ['--max-context-tokens', '100000000', '--log', 'error'] });
test.describe.configure({ mode: 'serial' });
test.afterAll(print);

/** Milliseconds from the start of the navigation to the first paint of words. */
function firstPaint(page: Page): Promise<number> {
  return page.evaluate(
    () =>
      new Promise<number>((resolve) =>
        new PerformanceObserver((list) => {
          const entry = list.getEntriesByName('first-contentful-paint')[0];
          if (entry) resolve(entry.startTime);
        }).observe({ type: 'paint', buffered: true }),
      ),
  );
}

test('weight', () => {
  const said = execFileSync('node', [here('scripts/size.mjs')], { encoding: 'utf8' });
  const weight = Number(/chat page: ([\d.]+) kB/.exec(said)?.[1]);
  expect(weight).toBeGreaterThan(0);
  report({ what: 'JavaScript before the chat is shown, gzip', unit: 'kB', console: weight, bare: 0, limit: 150 });
});

test('first paint of the chat from a cold cache', async ({ browser, troupe }) => {
  const [paints, ready, bares]: [number[], number[], number[]] = [[], [], []];
  for (let run = 0; run < RUNS; run++) {
    // A context has a cache of its own.
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`${troupe.console}/`);
    await page.getByRole('textbox', { name: 'Message', exact: true }).waitFor();
    ready.push(await page.evaluate(() => performance.now()));
    paints.push(await firstPaint(page));
    const bare = await context.newPage();
    await openBare(bare, troupe.console, 'paint');
    bares.push(await firstPaint(bare));
    await context.close();
  }
  const bare = median(bares);
  report({
    what: `first paint of the chat, cold cache, median of ${RUNS}`,
    unit: 'ms',
    console: median(paints),
    bare,
    limit: 1000,
  });
  report({ what: 'the same until a message can be written', unit: 'ms', console: median(ready), bare, limit: 1000 });
});

test('frames of a stream with three others', async ({ browser, page, troupe }) => {
  const desk = await Desk.open(page, troupe.console);
  for (let stream = 0; stream < 4; stream++) {
    if (stream > 0) await page.evaluate(() => (location.hash = '#/chat'));
    await desk.say(`Speak long ${stream}`);
    await expect(page).toHaveURL(/#\/chat\/.+/);
    await desk.answered(/word3/);
  }
  const ours = await gaps(page, 8000);
  await page.close();
  // Connections of its own: a browser opens six to one address.
  const bare = await (await browser.newContext()).newPage();
  await openBare(bare, troupe.console, 'stream');
  await streamBare(bare, 'assistant', 'Speak long');
  for (const text of await bare.locator('pre').all()) await expect(text).toContainText('word3', { timeout: 30_000 });
  const theirs = await gaps(bare, 8000);
  const figure = (at: (gaps: number[]) => number | undefined) => ({
    console: at(ours) ?? NaN,
    bare: at(theirs) ?? NaN,
  });
  report({
    what: 'longest frame of 8 s, 200 tokens/s and three other streams',
    unit: 'ms',
    ...figure((all) => all[0]),
    limit: 50,
  });
  report({
    what: 'the same, the frame that 99 of 100 are faster than',
    unit: 'ms',
    ...figure((all) => all[Math.floor(all.length / 100)]),
    limit: 50,
  });
});

async function longConversation(troupe: Troupe): Promise<string> {
  let session = 'new';
  for (let turn = 0; turn < TURNS; turn++) {
    const told = await troupe.api<{ session_id?: string }>('POST', '/v1/infer', {
      agent_id: 'assistant',
      text: `Question ${turn}`,
      session_id: session,
    });
    session = told.session_id ?? session;
  }
  return session;
}

/** Milliseconds from choosing a conversation to the frame after its last answer is in the page. */
function opening(page: Page, session: string, last: string): Promise<number> {
  return page.evaluate(
    ({ session, last }) =>
      new Promise<number>((resolve) => {
        const begun = performance.now();
        location.hash = `#/chat/${session}`;
        const look = () => {
          const found = document.querySelector('[role=list][aria-label=Messages]')?.textContent?.includes(last);
          requestAnimationFrame(found ? () => resolve(performance.now() - begun) : look);
        };
        look();
      }),
    { session, last },
  );
}

/** The same by hand: the conversation as it is stored, a paragraph for each message. */
function openingBare(page: Page, session: string): Promise<number> {
  return page.evaluate(async (session) => {
    const begun = performance.now();
    const told = (await (await fetch(`/v1/sessions/${session}`)).json()) as {
      messages?: { content: unknown }[];
    };
    const main = document.querySelector('main')!;
    for (const { content } of told.messages ?? []) {
      const paragraph = document.createElement('p');
      paragraph.textContent = String(content);
      main.append(paragraph);
    }
    main.lastElementChild?.scrollIntoView();
    await new Promise((resolve) => requestAnimationFrame(resolve));
    return performance.now() - begun;
  }, session);
}

test('opening of a conversation with 2,000 messages', async ({ page, troupe }) => {
  const session = await longConversation(troupe);
  const [ours, theirs]: [number[], number[]] = [[], []];
  for (let run = 0; run < RUNS; run++) {
    await page.goto('about:blank');
    await Desk.open(page, troupe.console);
    // The code that shows answers comes while nobody writes yet.
    await page.waitForTimeout(1500);
    ours.push(await opening(page, session, `Answer to Question ${TURNS - 1}.`));
    const bare = await page.context().newPage();
    await openBare(bare, troupe.console, 'list');
    theirs.push(await openingBare(bare, session));
    await bare.close();
  }
  report({
    what: `opening of ${(2 * TURNS).toLocaleString('en')} messages, median of ${RUNS}`,
    unit: 'ms',
    console: median(ours),
    bare: median(theirs),
    limit: 300,
  });
});
