/**
 * The Markdown that is understood (GFM and mathematics), and how its tokens become HTML with places for what is not HTML.
 * The HTML is not safe yet: `sanitize.ts` makes it so.
 */
import { Marked, type MarkedOptions, type Token, type Tokens } from 'marked';

import { blockMath, inlineMath, maskMaths, type MathToken } from './maths';
import { SLOT, Slots, type Slot } from './slot';

/** Definitions of reference links (`[name]: address`), by name. */
export type Definitions = Record<string, Pick<Tokens.Link, 'href' | 'title'>>;

const marked = new Marked({
  gfm: true,
  extensions: [blockMath, inlineMath],
  hooks: { emStrongMask: maskMaths },
});

/** The page's own headings are the first two ranks; those of a text stand below them. */
export const OWN_RANKS = 2;

/**
 * The rank of a heading after one of another rank. Texts begin at any depth and skip some; a rank is never skipped, so
 * that whoever goes from heading to heading misses none.
 */
export function rankAfter(before: number, depth: number): number {
  return Math.min(depth + OWN_RANKS, before + 1, 6);
}

/** The rank of the last heading in tokens. */
export function lastRank(tokens: Token[], before: number): number {
  let rank = before;
  void marked.walkTokens(tokens, (token) => {
    if (token.type === 'heading') rank = rankAfter(rank, (token as Tokens.Heading).depth);
  });
  return rank;
}

/** Reads a text into tokens; `known` are definitions from elsewhere in the same text. */
export function lex(text: string, known: Definitions): Token[] {
  const lexer = new marked.Lexer(marked.defaults);
  Object.assign(lexer.tokens.links, known);
  return lexer.lex(text);
}

/** The language that a fence names, in lower case; empty where it names none. */
export function languageOf(fence: string | undefined): string {
  return /^[^\s{,:]*/.exec(fence?.trim() ?? '')?.[0].toLowerCase() ?? '';
}

class SlotRenderer extends marked.Renderer {
  readonly slots = new Slots();
  #rank: number;

  constructor(rank: number) {
    super(marked.defaults);
    this.#rank = rank;
  }

  #place(element: 'div' | 'span', slot: Slot): string {
    return `<${element} ${SLOT}="${this.slots.add(slot)}"></${element}>`;
  }

  math(token: MathToken): string {
    const element = token.type === 'blockMath' ? 'div' : 'span';
    return this.#place(element, { kind: 'math', tex: token.tex, display: token.display, open: false });
  }

  override code({ text, lang }: Tokens.Code): string {
    const language = languageOf(lang);
    if (language === 'math') {
      return this.#place('div', { kind: 'math', tex: text, display: true, open: false });
    }
    return this.#place('div', { kind: 'code', code: text, language, open: false });
  }

  override heading({ tokens, depth }: Tokens.Heading): string {
    const rank = (this.#rank = rankAfter(this.#rank, depth));
    return `<h${rank}>${this.parser.parseInline(tokens)}</h${rank}>`;
  }

  override checkbox({ checked }: Tokens.Checkbox): string {
    return `${this.#place('span', { kind: 'task', done: checked })} `;
  }
}

export interface Rendered {
  html: string;
  slots: Slots;
}

/** Renders tokens; `rank` is that of the heading before them. */
export function render(tokens: Token[], rank: number): Rendered {
  const renderer = new SlotRenderer(rank);
  const maths = (token: Tokens.Generic) => renderer.math(token as MathToken);
  const options: MarkedOptions = {
    ...marked.defaults,
    renderer,
    extensions: {
      ...marked.defaults.extensions,
      childTokens: marked.defaults.extensions?.childTokens ?? {},
      renderers: { blockMath: maths, inlineMath: maths },
    },
  };
  return { html: new marked.Parser(options).parse(tokens), slots: renderer.slots };
}
