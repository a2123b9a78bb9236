// A conversation as a Markdown document that stands by itself.
import type { AgentRun, AssistantTurn, CallPart, Part, Turn, UserTurn } from '$lib/stream/conversation';

export interface Head {
  title: string;
  /** When it was exported (RFC 3339). */
  at: string;
}

export function asMarkdown(turns: readonly Turn[], head: Head): string {
  const parts = [`# ${oneLine(head.title)}`, `*Exported ${head.at}*`, ...turns.map(turnAsMarkdown)];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function turnAsMarkdown(turn: Turn): string {
  switch (turn.kind) {
    case 'system':
      return join(heading('Instructions', turn.timestamp), fenced(turn.text, ''));
    case 'user':
      return userAsMarkdown(turn);
    case 'assistant':
      return answerAsMarkdown(turn);
  }
}

function userAsMarkdown(turn: UserTurn): string {
  const pictures = turn.images.map((image, index) => `![Picture ${index + 1}](${image})`);
  const recording = turn.audio === undefined ? '' : '*With a recording, which the JSON export holds.*';
  return join(heading('You', turn.timestamp), turn.text, ...pictures, recording);
}

function answerAsMarkdown(turn: AssistantTurn): string {
  const name = turn.name || turn.agent || turn.rounds.at(-1)?.model || 'Assistant';
  const files = (turn.files ?? []).map(({ name: file, path }) => `- ${file} (\`${path}\`)`).join('\n');
  return join(
    heading(name, turn.finishedAt ?? turn.startedAt),
    runAsMarkdown(turn),
    files,
    endingOf(turn),
    usageOf(turn),
  );
}

function runAsMarkdown(run: AgentRun): string {
  return join(...run.parts.map(partAsMarkdown));
}

function partAsMarkdown(part: Part): string {
  switch (part.kind) {
    case 'text':
      return part.text.trim();
    case 'thinking':
      return part.text.trim() === '' ? '' : details('Thought', part.text.trim());
    case 'call':
      return callAsMarkdown(part);
    case 'notice':
      return '';
  }
}

function callAsMarkdown(call: CallPart): string {
  const took = call.durationMs === undefined ? '' : `, ${Math.round(call.durationMs)} ms`;
  const failed = call.output?.isError ? ', failed' : '';
  const input = call.input === '' || call.input === '{}' ? '' : fenced(pretty(call.input), 'json');
  const content = call.output?.content ?? '';
  const output = content === '' || call.child ? '' : fenced(pretty(content), isJson(content) ? 'json' : 'text');
  const child = call.child ? quoted(runAsMarkdown(call.child)) : '';
  return join(`**Tool \`${call.name}\`** (${call.status}${took}${failed})`, input, child, output);
}

function endingOf(run: AgentRun): string {
  const { ending } = run;
  if (!ending) return '';
  if (ending.status === 'failed') return `*Failed: ${oneLine(ending.message ?? ending.code ?? '')}*`;
  if (ending.status === 'cancelled') return `*Stopped${ending.by ? `: ${oneLine(ending.by)}` : ''}*`;
  return ending.limit ? `*Ended at a limit: ${ending.limit}*` : '';
}

function usageOf(run: AgentRun): string {
  const { tokens, cost } = run.usage;
  if (tokens.total === 0) return '';
  const price = cost === undefined || cost === 0 ? '' : `, cost ${cost / 1_000_000}`;
  return `<sub>${tokens.total} tokens (${tokens.input} in, ${tokens.output} out)${price}</sub>`;
}

function heading(name: string, time: string | undefined): string {
  return time === undefined ? `## ${oneLine(name)}` : `## ${oneLine(name)} · ${time}`;
}

function details(summary: string, text: string): string {
  return `<details>\n<summary>${summary}</summary>\n\n${text}\n\n</details>`;
}

/** A fence longer than any in the text. */
function fenced(text: string, language: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map((run) => run[0].length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${text}\n${fence}`;
}

function quoted(text: string): string {
  return text === '' ? '' : text.replace(/^/gm, '> ');
}

function join(...parts: string[]): string {
  return parts.filter((part) => part !== '').join('\n\n');
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

function isJson(text: string): boolean {
  return pretty(text) !== text || /^\s*[[{]/.test(text);
}

function pretty(text: string): string {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
