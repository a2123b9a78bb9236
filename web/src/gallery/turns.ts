// Turns in every state, made by hand.
import {
  NO_TOKENS,
  type AssistantTurn,
  type CallPart,
  type Part,
  type Round,
  type SystemTurn,
  type TextPart,
  type Turn,
  type UserTurn,
} from '$lib/stream/conversation';

import { TEXT } from './text';

/** Does nothing for a moment, as the service would. */
export const done = () => new Promise<void>((resolve) => setTimeout(resolve, 400));

export const idle = {
  onapprove: done,
  onreject: done,
  onanswer: done,
  oncontinue: done,
  onedit: done,
  onrevoke: done,
  onretry: done,
  onremove: done,
};

const PICTURE =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAKAAAABkCAIAAACO1KzYAAAB70lEQVR42u3b0U0DMRRE0eSJXiiEEhAVUBcV0A8STSAaiEQBoJBswGvPO/cTCcme67GXXXP8+DwdkEuJgGAQDIJBMAgGwSCYYBAMgkEwCAbBIJhgEAyCQTBGcrf5N5+e37//8PXlvluCk+dw3HDp7scpNdS8RA7XCf51Sk00L5SDMzicSxt81ZoN7vG2HHYMQYPnXRbjBN8yvh3nNpWnvXKoASPLcLxoDjVmTKs7XjcHZ3D46qxhE0s6jBfKoUaOY0XHq+dQg0ewluOAHJzB4dT4xbVKiTNy0OBmDR6zrOYvcUwOtVfuMztOysEW3WaLHl+pOUscloMG92jwXmWarcR5OWhwgwbvW6N5ShyZw/Hh8W2GcHe/ujXJOvvzHGzRbf5Msj1G5jBRgz3J/8d4bNG26Ogyxb9N02ANzq1Uhy9afRvc5JZniT57CVbPevW5F+YhyxYdV+JWd7MreG4xB/wtY7ZF26KDSrzu8/nmkWuwBqeUuOc/oVfw3JLsbp5FZa/fJLvb5lLZ6/eQ+OLzqhlV9vpNfa19+bwqeG7ZHy0unN0s12Y3cOaGaavvUedzqLwl3O1r4/kcFm4wMs9gEAyCCQbBIBgEg2AQDIIJBsEgGASDYBAMgkEwwSAYBINgEAyCQTDBIBgEg2AQjNv4AtfzzGUAaCsXAAAAAElFTkSuQmCC';

/** A tenth of a second of silence. */
const SOUND = `UklGRkQDAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YSADAACA${'gICA'.repeat(266)}gA==`;

const usage = {
  tokens: { ...NO_TOKENS, input: 3_180, output: 412, total: 3_592, cached: 2_048, reasoning: 96 },
  cost: 18_400,
};
const rounds: Round[] = [
  { step: 1, model: 'large', usage, firstTokenMs: 312, durationMs: 4_180, finishReason: 'stop' },
];

export function answer(key: string, change: Partial<AssistantTurn>): AssistantTurn {
  return {
    kind: 'assistant',
    key,
    name: 'Researcher',
    agent: 'researcher',
    runId: `run-${key}`,
    depth: 0,
    status: 'completed',
    parts: [],
    rounds,
    usage,
    startedAt: '2026-11-28T10:00:00Z',
    finishedAt: '2026-11-28T10:00:04Z',
    detailed: true,
    ...change,
  };
}

const said = (key: string, change: Partial<UserTurn>): UserTurn => ({
  kind: 'user',
  key,
  text: 'Which of our replicas still runs the old schema?',
  images: [],
  timestamp: '2026-11-28T09:59:58.000001',
  state: 'sent',
  ...change,
});

const words = (text: string, streaming = false): TextPart => ({
  kind: 'text',
  key: `text-${text.length}`,
  step: 1,
  text,
  streaming,
});

const call = (name: string, change: Partial<CallPart>): CallPart => ({
  kind: 'call',
  key: `call-${name}-${change.status}`,
  step: 1,
  callId: `call-${name}`,
  runId: 'run-1',
  name,
  input: '{"query": "schema version", "limit": 5}',
  status: 'completed',
  attempts: 1,
  durationMs: 842,
  ...change,
});

const output = (content: string, isError = false) => ({ content, isError, images: [] });
const LISTING = Array.from(
  { length: 40 },
  (_, index) => `replica-${index}  ${index % 3 === 0 ? 'v1' : 'v2'}  10.0.0.${index}`,
).join('\n');
const RECORDS = JSON.stringify({
  items: Array.from({ length: 6 }, (_, index) => ({
    name: `replica-${index}`,
    ready: index % 2 === 0,
    restarts: index,
  })),
  note: 'A long text that does not fit into one line of the block, so that it is cut at the width that is there and opens when somebody wants to read all of it.\nIt has a second line, too.',
  total: 6,
  next: null,
});

const calls: Part[] = [
  call('write_query', { status: 'writing', input: '{"query": "select name from rep', durationMs: undefined }),
  call('pending', { status: 'pending', durationMs: undefined }),
  call('search', {
    status: 'running',
    durationMs: undefined,
    attempts: 2,
    startedAt: new Date(Date.now() - 7_000).toISOString(),
  }),
  call('get_time', { input: '{}', output: output('2026-11-28T10:00:02Z') }),
  call('list_replicas', { output: output(LISTING) }),
  call('get_records', { output: output(RECORDS) }),
  call('fetch', {
    input: '{"url": "https://example.com/status"}',
    status: 'failed',
    output: output('Error: connect timed out after 30 s: https://example.com/status', true),
    durationMs: 30_004,
  }),
  call('screenshot', { input: '{"page": 1}', output: { ...output('1 picture'), images: [PICTURE, PICTURE] } }),
  call('read_log', {
    output: { ...output('The first lines of the log …'), artifact: { hash: 'abcdef0123456789', bytes: 1_482_113 } },
  }),
  call('drop_table', {
    status: 'rejected',
    approval: { reason: 'policy', decision: { approved: false, by: 'ada@example.com: not on a Friday' } },
    output: output('Error: rejected', true),
  }),
  call('scale', {
    input: '{"replicas": 3}',
    approval: { reason: 'policy', decision: { approved: true, by: 'ada@example.com', arguments: '{"replicas": 3}' } },
    output: output('ok'),
  }),
  call('stopped', { status: 'cancelled' as CallPart['status'], durationMs: undefined }),
];

const child = (depth: number): CallPart =>
  call(depth === 1 ? 'delegate' : 'ask_specialist', {
    key: `call-child-${depth}`,
    input: JSON.stringify({
      task: depth === 1 ? 'Find out which replicas run the old schema.' : 'Read the logs of replica 3.',
    }),
    status: 'running',
    durationMs: undefined,
    child: {
      agent: depth === 1 ? 'analyst' : 'log-reader',
      runId: `child-${depth}`,
      depth,
      status: 'running',
      rounds: [],
      usage: { tokens: { ...NO_TOKENS, input: 900, output: 120, total: 1_020 }, cost: 2_100 },
      parts: [
        {
          kind: 'thinking',
          key: 'thinking-1',
          step: 1,
          text: 'The replicas say their version in `/status`.',
          streaming: false,
        },
        words(depth === 1 ? 'I ask the specialist about **replica 3**.' : 'The log of replica 3 says that'),
        ...(depth < 3 ? [child(depth + 1)] : [call('read_file', { output: output('starting with schema v1') })]),
      ],
    },
  });

const finishedChild = call('delegate', {
  key: 'call-child-done',
  input: '{"task": "Count the replicas."}',
  output: output('There are 40 replicas.'),
  child: {
    agent: 'counter',
    runId: 'child-done',
    depth: 1,
    status: 'completed',
    rounds: [],
    usage,
    parts: [words('There are 40 replicas.')],
    ending: { status: 'completed' },
  },
});

const system: SystemTurn = {
  kind: 'system',
  key: 'system',
  text: 'You are an operator of databases.\nAnswer briefly.',
  promptTemplate: 'operator',
};
const partial: Part = { ...words('Replica 3 still runs'), key: 'text-partial', partial: true };

export const STATES: { name: string; turn: Turn }[] = [
  { name: 'instructions', turn: system },
  { name: 'message', turn: said('user', {}) },
  {
    name: 'message with files, pictures and a recording',
    turn: said('user-files', {
      text: 'Compare <file>reports/2026-11/schema.csv</file> with this.',
      images: [PICTURE, PICTURE],
      audio: SOUND,
    }),
  },
  {
    name: 'long message',
    turn: said('user-long', {
      text: `Here is the log:\n\`\`\`text\n${LISTING}\n\`\`\`\nWhat is wrong?\n${'Something is. '.repeat(200)}`,
    }),
  },
  { name: 'message being sent', turn: said('user-sending', { state: 'sending', timestamp: undefined }) },
  { name: 'message in the queue', turn: said('user-queued', { state: 'queued', timestamp: undefined }) },
  {
    name: 'message that failed',
    turn: said('user-failed', {
      state: 'failed',
      timestamp: undefined,
      error: 'The service does not answer. Check that troupe is running, then try again.',
    }),
  },
  {
    name: 'answer in the queue',
    turn: answer('queued', { status: 'queued', usage: { tokens: NO_TOKENS }, finishedAt: undefined }),
  },
  {
    name: 'answer that begins',
    turn: answer('begins', { status: 'running', usage: { tokens: NO_TOKENS }, finishedAt: undefined }),
  },
  {
    name: 'thinking',
    turn: answer('thinking', {
      status: 'running',
      finishedAt: undefined,
      parts: [
        {
          kind: 'thinking',
          key: 'thinking-1',
          step: 1,
          text: 'The replicas say their version in `/status`.\n\nI should ask **each** of them',
          streaming: true,
        },
      ],
    }),
  },
  {
    name: 'writing',
    turn: answer('writing', {
      status: 'running',
      finishedAt: undefined,
      parts: [
        { kind: 'thinking', key: 'thinking-1', step: 1, text: 'The replicas say their version.', streaming: false },
        words('Two replicas run **the old sche', true),
      ],
    }),
  },
  { name: 'answer', turn: answer('answer', { parts: [words(TEXT)] }) },
  { name: 'tools', turn: answer('tools', { status: 'running', finishedAt: undefined, parts: calls }) },
  {
    name: 'approval',
    turn: answer('approval', {
      status: 'waiting',
      finishedAt: undefined,
      parts: [
        words('I need to scale the replicas.'),
        call('scale_deployment', {
          input: '{"name": "replica", "replicas": 3, "reason": "schema v1"}',
          status: 'approval',
          approval: { reason: 'policy' },
          durationMs: undefined,
        }),
        call('restart', {
          key: 'call-interrupted',
          input: '{"name": "replica-3"}',
          status: 'approval',
          approval: { reason: 'interrupted' },
          durationMs: undefined,
        }),
      ],
    }),
  },
  {
    name: 'input',
    turn: answer('input', {
      status: 'waiting',
      finishedAt: undefined,
      parts: [call('get_location', { input: '{"precision": "city"}', status: 'input', durationMs: undefined })],
    }),
  },
  {
    name: 'sub-agents',
    turn: answer('children', { status: 'running', finishedAt: undefined, parts: [child(1), finishedChild] }),
  },
  {
    name: 'restarted and retried',
    turn: answer('restarted', {
      parts: [
        {
          kind: 'notice',
          key: 'notice-1',
          step: 1,
          notice: { type: 'attempt-failed', attempt: 1, code: '503', message: 'the provider is overloaded' },
        },
        { kind: 'notice', key: 'notice-2', step: 1, notice: { type: 'restarted' } },
        words('Two replicas run the old schema.'),
      ],
    }),
  },
  {
    name: 'limit',
    turn: answer('limit', {
      parts: [words('I have looked at 20 of 40 replicas so far.')],
      ending: { status: 'completed', limit: 'tool_rounds', note: 'The agent may call tools in 20 rounds.' },
    }),
  },
  {
    name: 'failed',
    turn: answer('failed', {
      status: 'failed',
      parts: [partial],
      ending: { status: 'failed', code: '429', message: 'The provider refuses: too many requests.' },
    }),
  },
  {
    name: 'cancelled',
    turn: answer('cancelled', {
      status: 'cancelled',
      parts: [partial],
      ending: { status: 'cancelled', by: 'ada@example.com' },
    }),
  },
  {
    name: 'invalid',
    turn: answer('invalid', { parts: [{ ...words('{"replicas": "two"}'), invalid: '/replicas is no number' }] }),
  },
  {
    name: 'files',
    turn: answer('files', {
      parts: [words('I made a plot and a table.')],
      files: [
        { name: 'plot.png', path: '/workspace/plot.png', size: 48_213 },
        { name: 'schema.csv', path: '/workspace/reports/schema.csv', size: 1_204 },
        { name: 'notes.docx', path: '/workspace/notes.docx', size: 88_410 },
      ],
    }),
  },
];

/** Questions and answers of many kinds, one after the other. */
export function longConversation(count: number): Turn[] {
  const bodies: Part[][] = [
    [words('Two replicas run the **old schema**: `replica-3` and `replica-9`. Restart them one after the other.')],
    [call('list_replicas', { output: output(LISTING) }), words('There are 40 of them.')],
    [words(TEXT)],
    [words('- one\n- two\n- three\n\n```ts\nconst schema = await store.schema();\n```')],
    [
      call('get_records', { output: output(RECORDS) }),
      words('| name | ready |\n|---|---|\n| replica-0 | yes |\n| replica-1 | no |'),
    ],
  ];
  return Array.from({ length: count }, (_, index) =>
    index % 2 === 0
      ? said(`user-${index}`, { text: `Question ${index}: which of our replicas still runs the old schema?` })
      : answer(`answer-${index}`, { parts: bodies[(index >> 1) % bodies.length] ?? [] }),
  );
}
