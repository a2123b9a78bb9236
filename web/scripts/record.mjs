// Records real streams of a run for the tests of the reducer: `node scripts/record.mjs`. It starts the service and the
// scripted model server of `$TROUPE_BIN` (../target/debug), each on a free port and over folders of its own.
import { spawn } from 'node:child_process';
import { mkdtemp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const bin = process.env.TROUPE_BIN ?? here('../../target/debug');
const out = here('../src/lib/stream/recorded');
const folder = await mkdtemp(join(tmpdir(), 'troupe-record-'));
const processes = new Set();
let url = '';

function start(command, parameters, ready) {
  const child = spawn(join(bin, command), parameters, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, RUST_LOG: 'warn' },
  });
  processes.add(child);
  child.on('exit', () => processes.delete(child));
  return new Promise((resolve, reject) => {
    let text = '';
    const look = (piece) => {
      text += piece;
      const found = ready.exec(text);
      if (found) resolve({ child, found: found[1] });
    };
    child.stdout.on('data', look);
    child.stderr.on('data', look);
    child.on('exit', (code) => reject(new Error(`${command} ended with ${code}: ${text}`)));
  });
}

async function serve(port) {
  const parameters = ['serve', join(folder, 'agents'), '--listen', `127.0.0.1:${port}`, '--data', join(folder, 'data')];
  const child = spawn(join(bin, 'troupe'), [...parameters, '--workspace', join(folder, 'workspace')], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, RUST_LOG: 'error' },
  });
  processes.add(child);
  child.on('exit', () => processes.delete(child));
  for (let tries = 0; tries < 200; tries += 1) {
    const ok = await fetch(`${url}/readyz`).then(
      (answer) => answer.ok,
      () => false,
    );
    if (ok) return child;
    await pause(50);
  }
  throw new Error('the service did not become ready');
}

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const json = async (path, body) => {
  const init = body && { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const answer = await fetch(url + path, init);
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
};

/** Reads a run's events to their end, or until `until` says so; the text as it came. */
async function read(run, { after, until } = {}) {
  const abort = new AbortController();
  const answer = await fetch(`${url}/v1/runs/${run}/events`, {
    headers: after ? { 'last-event-id': after } : {},
    signal: abort.signal,
  });
  const decoder = new TextDecoder();
  let text = '';
  try {
    for await (const chunk of answer.body) {
      text += decoder.decode(chunk, { stream: true });
      if (until && (await until(text))) break;
    }
  } catch {
    // The service was killed: what came is what counts.
  }
  abort.abort();
  return text;
}

async function send(target, text, more = {}) {
  return json(`/v1/agents/${target}/runs`, { input: text, session_id: 'new', ...more });
}

async function keep(name, run, live) {
  const summary = await json(`/v1/runs/${run}`);
  const session = summary.session_id
    ? await json(`/v1/sessions/${encodeURIComponent(summary.session_id)}`)
    : { messages: [] };
  await writeFile(join(out, `${name}.sse`), live);
  await writeFile(join(out, `${name}.replayed.sse`), await read(run));
  await writeFile(
    join(out, `${name}.json`),
    JSON.stringify({ run: summary, messages: session.messages }, null, 1) + '\n',
  );
  console.log(`${name}: ${live.length} bytes, ${summary.status}`);
}

async function record(name, target, text, until) {
  const run = await send(target, text);
  const live = await read(run.id, { until: until && ((so_far) => until(run, so_far)) });
  await keep(name, run.id, live);
}

const once = (what) => {
  let done = false;
  return async (run, text) => {
    if (!done && (await what(run, text)) === true) done = true;
    return false;
  };
};
const asked = (text) =>
  text.includes('"approval_requested"') && /"call_id":"([0-9a-f-]+)"[^\n]*"reason"/.exec(text)?.[1];
const decide = (decision) =>
  once(async (run, text) => {
    const call = asked(text);
    if (call) await json(`/v1/runs/${run.id}/approvals/${call}`, decision);
    return Boolean(call);
  });

async function restarted(port, service) {
  const run = await send('assistant', 'Speak slowly.');
  let last = '';
  const before = await read(run.id, {
    until: (text) => {
      last = [...text.matchAll(/^id: (.+)$/gm)].at(-1)?.[1] ?? '';
      return text.split('"of":"content"').length > 6;
    },
  });
  const exit = new Promise((resolve) => service.on('exit', resolve));
  service.kill('SIGKILL');
  await exit;
  const again = await serve(port);
  const behind = await read(run.id, { after: last });
  await keep('restarted', run.id, before.slice(0, before.lastIndexOf('\n\n') + 2) + behind);
  return again;
}

/** A tool of the caller's, as OpenAI's clients bring them: the run waits for its result. */
async function input() {
  const tools = [
    {
      type: 'function',
      function: { name: 'where', description: 'Where I am', parameters: { type: 'object', properties: {} } },
    },
  ];
  const messages = [{ role: 'user', content: 'Where am I? Use your tool.' }];
  await json('/v1/chat/completions', { model: 'agent/assistant', messages, tools });
  const { runs } = await json('/v1/runs?status=waiting');
  const live = read(runs[0].id);
  const { waiting_for } = await json(`/v1/runs/${runs[0].id}`);
  await json(`/v1/runs/${runs[0].id}/input`, { call_id: waiting_for[0].call_id, content: { city: 'Oslo' } });
  await keep('input', runs[0].id, await live);
}

try {
  await mkdir(out, { recursive: true });
  await mkdir(join(folder, 'agents'));
  await mkdir(join(folder, 'workspace'));
  const scenario = join(folder, 'scenario.yaml');
  const rules = await readFile(here('../tests/scenarios/chat.yaml'), 'utf8');
  await writeFile(scenario, rules);
  const model = await start('troupe-model-server', ['--listen', '127.0.0.1:0', '--scenario', scenario], /ready (\S+)/);
  const address = `${model.found.replace(/\/+$/, '').replace(/\/v1$/, '')}/v1`;
  const agents = await readFile(here('../tests/fixtures/chat/agents.yaml'), 'utf8');
  await writeFile(join(folder, 'agents', 'agents.yaml'), agents.replaceAll('MODEL_URL', address));
  const port = Number(process.env.PORT ?? 7961);
  url = `http://127.0.0.1:${port}`;
  const service = await serve(port);

  await record('plain', 'assistant', 'Hello there');
  await record('tools', 'assistant', 'Use two tools, please');
  await record('delegates', 'planner', 'lighthouses');
  await record('approved', 'careful', 'Greet her', decide({ decision: 'approve', arguments: { name: 'Grace' } }));
  await record('rejected', 'careful', 'Greet her', decide({ decision: 'reject', comment: 'not now' }));
  await record('limited', 'brief', 'Greet her');
  await record('retried', 'assistant', 'Please try again');
  await record('broken', 'assistant', 'Please break off');
  await record('refused', 'assistant', 'Please refuse');
  await record('repaired', 'extractor', 'Ada went to London.');
  await record(
    'cancelled',
    'assistant',
    'Speak slowly.',
    once(async (run, text) => {
      if (text.split('"of":"content"').length < 6) return false;
      await json(`/v1/runs/${run.id}/cancel`, {});
      return true;
    }),
  );
  await restarted(port, service);
  await input();
} finally {
  for (const child of processes) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
}
