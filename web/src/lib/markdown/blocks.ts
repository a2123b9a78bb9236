/**
 * A Markdown text as a list of blocks that grows with the text. What is finished keeps its object, so that it is
 * neither read nor drawn again; only the end of the text is.
 */
import type { Token, Tokens } from 'marked';

import { complete } from './complete';
import { lastRank, lex, OWN_RANKS, type Definitions } from './grammar';

export interface Block {
  /** Where it begins in the text: stable while the text grows. */
  key: number;
  source: string;
  /** Empty where the block is too much for the grammar: it is shown as it stands. */
  tokens: Token[];
  /** The rank of the last heading before it. */
  rank: number;
  /** What is not closed yet at its end, while the text is being written. */
  open?: 'code' | 'math';
}

/** Beyond this a text with a paragraph or item so long is shown as it stands: reading it could take longer than anybody looks at it. */
const LONGEST_RUN = 50_000;
/** Beyond these a run of text is not meant for readers; the grammar's time grows with their square. */
const MOST_MARKS = 3_000;
const RUNS = /\n[ \t]*(?=\n|[-*+|>]|\d+[.)])/;
const NESTED = /^[ \t]*(?:(?:>|(?:[-*+]|\d{1,9}[.)])[ \t])[ \t]*){40,}|^[ \t]{120,}(?:[-*+]|\d{1,9}[.)])[ \t]/m;
const FENCED = /^ {0,3}(`{3,}|~{3,})[^\n]*\n[\s\S]*?(?:^ {0,3}\1|$(?![\s\S]))/gm;

/** Elements that hold blocks: what stands between their tags belongs together. */
const CONTAINERS = 'details|div|table|ul|ol|dl|blockquote|p|pre|ruby|sub|sup';

export class Blocks {
  #text = '';
  #blocks: Block[] = [];
  #definitions: Definitions = {};
  /** How many blocks, from the first, can no longer change. */
  #settled = 0;

  /** The blocks of a text; cheap where it continues the text of the last call. */
  read(written: string, streaming: boolean): readonly Block[] {
    const text = written.includes('\r') ? written.replace(/\r\n?/g, '\n') : written;
    if (!text.startsWith(this.#text)) this.#forget();
    this.#text = text;
    const settled = this.#blocks[this.#settled - 1];
    this.#readFrom(settled ? settled.key + settled.source.length : 0, streaming);
    return streaming ? this.#withOpenEnd() : this.#blocks;
  }

  #forget(): void {
    this.#blocks = [];
    this.#definitions = {};
    this.#settled = 0;
  }

  #readFrom(from: number, streaming: boolean): void {
    const rank = rankAfterBlock(this.#blocks[this.#settled - 1]);
    const read = group(lexSafely(this.#text.slice(from), this.#definitions), from, rank);
    this.#blocks = [...this.#blocks.slice(0, this.#settled), ...read.map((block) => this.#known(block))];
    const before = this.#settled;
    this.#settled = Math.max(before, this.#blocks.length - unsettled(this.#blocks));
    const isNew = this.#define(this.#blocks.slice(before, streaming ? this.#settled : undefined));
    // A definition gives meaning to what stands before it.
    if (isNew && from > 0) {
      this.#blocks = [];
      this.#settled = 0;
      this.#readFrom(0, streaming);
    }
  }

  /** Takes up the definitions of blocks; half an address must not be one. */
  #define(blocks: readonly Block[]): boolean {
    let isNew = false;
    for (const token of blocks.flatMap((block) => block.tokens)) {
      if (token.type !== 'def') continue;
      const { tag, href, title } = token as Tokens.Def;
      if (this.#definitions[tag]) continue;
      this.#definitions = { ...this.#definitions, [tag]: { href, title } };
      isNew = true;
    }
    return isNew;
  }

  /** The object that already stands for the same block. */
  #known(block: Block): Block {
    const known = this.#blocks.slice(this.#settled).find((other) => other.key === block.key);
    return known?.source === block.source ? known : block;
  }

  #withOpenEnd(): readonly Block[] {
    const last = this.#blocks.at(-1);
    if (!last || last.tokens.length === 0) return this.#blocks;
    if (last.tokens[0]?.type === PLAIN) return this.#blocks;
    const { text, open } = complete(last.source);
    if (text === last.source && open === undefined) return this.#blocks;
    const shown = text === last.source ? last.tokens : lexSafely(text, this.#definitions);
    const block: Block = { ...last, source: text, tokens: shown };
    if (open) block.open = open;
    return [...this.#blocks.slice(0, -1), block];
  }
}

/**
 * How many blocks from the end can still change. The last one can. The one before can as well, while the last has only
 * a part of its first line: `2` after a list may become `2. the next item`.
 */
function unsettled(blocks: readonly Block[]): number {
  const last = blocks.at(-1);
  return last && !last.source.trimEnd().includes('\n') ? 2 : 1;
}

function lexSafely(text: string, definitions: Definitions): Token[] {
  if (text === '') return [];
  if (isExcessive(text)) return [asItStands(text)];
  try {
    const tokens = lex(text, definitions);
    // The places of blocks are counted in what the grammar consumed; it must have consumed what is there.
    return tokens.reduce((sum, token) => sum + token.raw.length, 0) === text.length ? tokens : [asItStands(text)];
  } catch {
    // A text that the grammar cannot read (it may nest too deeply for the stack) is still a text.
    return [asItStands(text)];
  }
}

function isExcessive(text: string): boolean {
  const prose = text.length >= MOST_MARKS || NESTED.test(text) ? text.replace(FENCED, '') : '';
  return NESTED.test(prose) || (prose.length >= MOST_MARKS && prose.split(RUNS).some(isExcessiveRun));
}

function isExcessiveRun(run: string): boolean {
  return run.length > LONGEST_RUN || (run.match(/[*_[\]<&~`!\\$]/g)?.length ?? 0) > MOST_MARKS;
}

/** The type of a token for a text that no grammar read; it is shown as it stands. */
export const PLAIN = 'plain';

function asItStands(text: string): Token {
  return { type: PLAIN, raw: text, text };
}

/** Puts tokens into blocks: blank lines go to the block before them, and what is between a container's tags into one. */
function group(tokens: Token[], from: number, rank: number): Block[] {
  const blocks: Block[] = [];
  let key = from;
  let depth = 0;
  for (const token of tokens) {
    const last = blocks.at(-1);
    if (last && (token.type === 'space' || token.type === 'def' || depth > 0)) {
      last.source += token.raw;
      if (token.type !== 'space') last.tokens.push(token);
    } else {
      blocks.push({ key, source: token.raw, tokens: [token], rank: last ? rankAfterBlock(last) : rank });
    }
    if (token.type === 'html') depth = Math.max(0, depth + balance(token.raw));
    key += token.raw.length;
  }
  return blocks;
}

function rankAfterBlock(block: Block | undefined): number {
  return block ? lastRank(block.tokens, block.rank) : OWN_RANKS;
}

/** How many containers a piece of HTML opens, less those that it closes. */
function balance(html: string): number {
  const count = (pattern: string) => html.match(new RegExp(pattern, 'gi'))?.length ?? 0;
  return count(`<(?:${CONTAINERS})(?=[\\s>])`) - count(`</(?:${CONTAINERS})\\s*>`);
}
