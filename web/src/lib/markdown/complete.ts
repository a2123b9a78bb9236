/**
 * Closes what is open at the end of a text that is still being written, so that half a table is a table and half an
 * emphasis is emphasis, instead of marks that vanish a moment later. Only for showing: the text itself stays.
 */

export interface Completed {
  text: string;
  /** What was closed, where it must be drawn as unfinished. */
  open?: 'code' | 'math';
}

/** Completes the last block of a text. */
export function complete(block: string): Completed {
  const fence = openFence(block);
  if (fence) return { text: withoutPartOfFence(block, fence), open: 'code' };
  const maths = openMaths(block);
  if (maths !== undefined) return { text: maths, open: 'math' };
  const table = openTable(block);
  if (table !== undefined) return { text: table };
  return { text: isWithinFence(block) ? block : closeInline(withoutPartOfLine(block)) };
}

/** The mark of a fence that is not closed. */
function openFence(block: string): string | undefined {
  const firstLine = block.slice(0, block.includes('\n') ? block.indexOf('\n') : undefined);
  const mark = /^ {0,3}(`{3,}(?=[^`]*$)|~{3,})/.exec(firstLine)?.[1];
  if (mark === undefined) return undefined;
  const closing = new RegExp(`\\n {0,3}${mark.charAt(0)}{${mark.length},}[ \\t]*\\n*$`);
  return closing.test(block) ? undefined : mark;
}

function withoutPartOfFence(block: string, mark: string): string {
  const lastLine = block.slice(block.lastIndexOf('\n') + 1);
  const isPart = lastLine !== block && /^ {0,3}(`+|~+)$/.test(lastLine) && lastLine.trim().startsWith(mark.charAt(0));
  return isPart ? block.slice(0, block.length - lastLine.length) : block;
}

/** Whether the end stands in a fence within a list or a quotation. */
function isWithinFence(block: string): boolean {
  const fences = block.match(/^[ \t>]*(?:(?:[-*+]|\d+[.)])[ \t]+)*(?:`{3,}|~{3,})/gm);
  return (fences?.length ?? 0) % 2 === 1;
}

function openMaths(block: string): string | undefined {
  const opening = /^ {0,3}(\$\$|\\\[)/.exec(block)?.[1];
  if (opening === undefined) return undefined;
  const closing = opening === '$$' ? '$$' : '\\]';
  const body = block.slice(block.indexOf(opening) + 2);
  if (body.includes(closing)) return undefined;
  const tex = body.replace(/[$\\\s]+$/, '');
  return tex === '' ? '' : `${opening}${tex}\n${closing}`;
}

/** A table's head without its rule, or with a part of it. */
function openTable(block: string): string | undefined {
  const [head, rule, ...more] = block.split('\n', 3);
  if (!head || !/^ {0,3}\|.*[^\s|]/.test(head) || more.length > 0) return undefined;
  if (rule !== undefined && !/^[\s|:-]*$/.test(rule)) return undefined;
  const cells = head
    .trim()
    .replace(/^\||\|$/g, '')
    .split(/(?<!\\)\|/);
  return `${head}\n|${' --- |'.repeat(cells.length)}`;
}

/** Drops a line or mark that would mean something else than what it is about to become. */
function withoutPartOfLine(block: string): string {
  return (
    block
      // A rule under a paragraph makes a heading of it; most often it is the beginning of a list or a line.
      .replace(/\n[ \t]*(?:-+|=+|\*+|_+|`{1,2}|~{1,2}|\\)$/, '')
      // The beginning of a tag or of a character reference.
      .replace(/<\/?(?:[a-z][\w-]{0,12})?$|<[a-z][\w-]*\s[^<>]*=["'][^"'<>]*$|&#?\w{0,8}$/i, '')
      .replace(/[ \t]+$/, '')
  );
}

/** Closes code, links and emphasis in the last paragraph, item or cell. */
function closeInline(block: string): string {
  const start = lastStart(block);
  const last = block.slice(start);
  // Nothing that long is in need of it, and what looks for pairs takes its time.
  if (last.length > 5_000) return block;
  return block.slice(0, start) + (openCode(last) ?? cutOpenLink(last) ?? closeMarks(last));
}

function lastStart(block: string): number {
  const starts = [...block.matchAll(/(?:^|\n)[ \t]*(?:>[ \t]*)*(?:(?:[-*+]|\d+[.)])[ \t]+|\n)/g)];
  const last = starts.at(-1);
  const start = last ? last.index + last[0].length : 0;
  const line = block.lastIndexOf('\n') + 1;
  const isRow = /^ {0,3}\|/.test(block.slice(line));
  return isRow ? block.lastIndexOf('|') + 1 : start;
}

/** Closes a span of code. */
function openCode(text: string): string | undefined {
  const bare = text.replace(/`+$/, '');
  const runs = [...bare.matchAll(/(?<!\\)`+/g)].map((match) => match[0]);
  for (let at = 0; at < runs.length; at += 1) {
    const mark = runs[at];
    const end = runs.indexOf(mark ?? '', at + 1);
    // What ends the text may be the closing mark itself, or a part of it.
    if (end < 0) return mark && at === runs.length - 1 && !bare.endsWith(mark) ? bare + mark : undefined;
    at = end;
  }
  return undefined;
}

/** A link or picture of which only a part is there: its words without the marks; a picture not at all. */
function cutOpenLink(text: string): string | undefined {
  const match = /(!?)\[([^[\]]*)(\]\((?:[^()\s]|\([^()\s]*\))*(?:\s[^()]*)?)?$/.exec(text);
  if (!match) return undefined;
  const before = text.slice(0, match.index);
  if (match[1] === '!') return closeMarks(before);
  const isLink = match[3] !== undefined || /(?:^|[\s(*_])$/.test(before);
  return isLink && !/^[ x]?$/i.test(match[2] ?? '') ? closeMarks(before + (match[2] ?? '')) : undefined;
}

/** Closes emphasis, from the innermost outwards. */
function closeMarks(text: string): string {
  const bare = text.replace(/(?<![\\\w*~)\].,:;!?"'`])[*_~]+$/, '').replace(/[ \t]+$/, '');
  const prose = bare.replace(/(`+)[\s\S]*?[^`]\1(?!`)|\$[^$\n]*\$|\\[\s\S]/g, (found) => ' '.repeat(found.length));
  const open: string[] = [];
  for (const match of prose.matchAll(/\*{1,3}|_{1,3}|~~/g)) {
    const mark = match[0];
    const before = prose.charAt(match.index - 1) || ' ';
    const after = prose.charAt(match.index + mark.length) || ' ';
    if (open.at(-1) === mark && !/\s/.test(before)) open.pop();
    else if (!/\s/.test(after) && !(mark.startsWith('_') && /\w/.test(before))) open.push(mark);
  }
  // A text with that many open marks is no prose.
  if (open.length > 8) return bare;
  return withoutPartOfMark(bare, open.at(-1)) + open.reverse().join('');
}

/** `**bold*` is about to become `**bold**`. */
function withoutPartOfMark(text: string, open: string | undefined): string {
  const end = /[*_~]+$/.exec(text)?.[0];
  if (!end || !open || end.length >= open.length || !open.startsWith(end)) return text;
  return text.slice(0, text.length - end.length);
}
