// Pages with nothing but what is measured: the least that a browser needs for the same thing, without any framework.
import type { Page } from '@playwright/test';

const page = (body: string) =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><title>Bare</title><body>${body}</body></html>`;

const PAGES = {
  paint: page('<h1>Chat</h1><textarea></textarea>'),
  stream: page('<pre id="0"></pre><pre id="1"></pre><pre id="2"></pre><pre id="3"></pre>'),
  list: page('<main></main>'),
};

/** Opens one where the console is, so that it may ask the same service. */
export async function openBare(tab: Page, at: string, name: keyof typeof PAGES): Promise<void> {
  const address = `${at}/bare-${name}.html`;
  await tab.route(address, (route) => route.fulfill({ contentType: 'text/html', body: PAGES[name] }));
  await tab.goto(address);
}

/** Four streams of the service, each appended to its own element as it comes. */
export function streamBare(tab: Page, agent: string, text: string): Promise<void> {
  return tab.evaluate(
    ({ agent_id, text }) => {
      async function follow(target: HTMLElement) {
        const body = JSON.stringify({ agent_id, text, session_id: 'new' });
        const answer = await fetch('/v1/infer/stream', {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body,
        });
        const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
        for (;;) {
          const { done, value } = await reader.read();
          if (done) return;
          for (const [, said] of value.matchAll(/"content":"((?:[^"\\]|\\.)*)"/g)) target.append(said ?? '');
        }
      }
      for (const target of document.querySelectorAll('pre')) void follow(target);
    },
    { agent_id: agent, text },
  );
}
