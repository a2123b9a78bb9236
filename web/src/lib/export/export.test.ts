import { describe, expect, it } from 'vitest';

import { NO_TOKENS, type AssistantTurn, type CallPart, type Turn } from '$lib/stream/conversation';
import { names, session } from '$lib/stream/recorded';
import { turnsOf } from '$lib/stream/history';

import { asJson } from './json';
import { asMarkdown } from './markdown';
import { fileNameOf } from './save';

const head = { title: 'Replicas\nand schemas', at: '2026-11-28T10:00:00Z' };

const call = (change: Partial<CallPart>): CallPart => ({
  kind: 'call',
  key: 'call',
  step: 1,
  name: 'search',
  input: '{"query":"a"}',
  status: 'completed',
  attempts: 1,
  durationMs: 12.4,
  ...change,
});

const answer = (parts: AssistantTurn['parts']): AssistantTurn => ({
  kind: 'assistant',
  key: 'answer',
  name: 'Researcher',
  agent: 'researcher',
  depth: 0,
  status: 'completed',
  parts,
  rounds: [],
  usage: { tokens: { ...NO_TOKENS, input: 10, output: 5, total: 15 }, cost: 2_000 },
  finishedAt: '2026-11-28T09:00:00Z',
  detailed: true,
});

const question: Turn = {
  kind: 'user',
  key: 'user',
  text: 'Which?',
  images: ['data:image/png;base64,AA=='],
  state: 'sent',
  timestamp: '2026-11-28T08:59:00',
};

describe('a conversation as Markdown', () => {
  it('has its turns, tools and what they cost', () => {
    const turns = [
      question,
      answer([
        call({ output: { content: '{"a":1}', isError: false, images: [] } }),
        { kind: 'text', key: 't', step: 1, text: '**Two**.', streaming: false },
      ]),
    ];
    expect(asMarkdown(turns, head)).toBe(`# Replicas and schemas

*Exported 2026-11-28T10:00:00Z*

## You · 2026-11-28T08:59:00

Which?

![Picture 1](data:image/png;base64,AA==)

## Researcher · 2026-11-28T09:00:00Z

**Tool \`search\`** (completed, 12 ms)

\`\`\`json
{
  "query": "a"
}
\`\`\`

\`\`\`json
{
  "a": 1
}
\`\`\`

**Two**.

<sub>15 tokens (10 in, 5 out), cost 0.002</sub>
`);
  });

  it('fences a result that has fences itself', () => {
    const turn = answer([call({ input: '', output: { content: 'a\n````\nb', isError: false, images: [] } })]);
    expect(asMarkdown([turn], head)).toContain('`````text\na\n````\nb\n`````');
  });

  it('quotes what sub-agents did', () => {
    const child = { ...answer([{ kind: 'text', key: 't', step: 1, text: 'one\n\ntwo', streaming: false }]), depth: 1 };
    expect(
      asMarkdown([answer([call({ child, output: { content: 'one\n\ntwo', isError: false, images: [] } })])], head),
    ).toContain('> one\n> \n> two');
  });
});

describe('a conversation as JSON', () => {
  it.each(names)('holds everything of a recorded one: %s', (name) => {
    const { run, messages } = session(name);
    const read = JSON.parse(asJson(turnsOf(messages, [run]), { ...head, session: 's1' })) as {
      session_id: string;
      turns: { role: string; content?: string; parts?: { type: string; text?: string; name?: string }[] }[];
    };
    expect(read.session_id).toBe('s1');
    const written = JSON.stringify(read);
    for (const message of messages) {
      if (message.role === 'user' && read.turns.some((turn) => turn.content === message.content)) continue;
      for (const { name: tool } of message.tool_calls ?? []) expect(written).toContain(JSON.stringify(tool));
    }
    expect(read.turns).toHaveLength(turnsOf(messages, [run]).length);
    const texts = turnsOf(messages, [run]).flatMap((turn) => (turn.kind === 'assistant' ? turn.parts : []));
    for (const part of texts) if (part.kind === 'text') expect(written).toContain(JSON.stringify(part.text));
  });
});

describe('the name of its file', () => {
  it.each([
    ['Replicas and schemas', 'Replicas and schemas'],
    ['a/b\\c: "d"?', 'a b c d'],
    ['..', 'conversation'],
    ['\u202egnp.exe', 'gnp.exe'],
    ['', 'conversation'],
    ['中文标题', '中文标题'],
  ])('is one everywhere: %j', (title, name) => expect(fileNameOf(title)).toBe(name));
});
