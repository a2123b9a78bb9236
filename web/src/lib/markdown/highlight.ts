/**
 * Colours code line by line with Shiki. A line that is coloured stays: code that is still being written costs only its
 * new lines. It runs in a worker (`highlight.worker.ts`): a grammar takes a tenth of a second to get ready, and some code
 * is written to make it take for ever.
 */
import type { GrammarState, HighlighterCore, ThemedToken } from 'shiki/core';

import { loadGrammar } from './grammars';
import type { Grammar } from './languages';

export interface Piece {
  text: string;
  /** What it is, for the style sheet: `keyword`, `string`, … */
  kind?: string;
}

export type Line = readonly Piece[];

/** A line longer than that is data; a grammar would take seconds. */
const LONGEST_LINE = 2_000;

const THEME = 'kinds';
const KIND = /^var\(--kind-token-([a-z-]+)\)$/;

let core: Promise<HighlighterCore> | undefined;
const grammars = new Map<Grammar, Promise<void>>();

/** Gives what colours code in a language, when its grammar is there. */
export async function highlighterOf(grammar: Grammar): Promise<Highlighter> {
  const shiki = await loadCore();
  let loaded = grammars.get(grammar);
  if (!loaded) {
    loaded = loadGrammar(grammar).then((found) => shiki.loadLanguage(found));
    // A failed fetch is tried again with the next block.
    loaded.catch(() => grammars.delete(grammar));
    grammars.set(grammar, loaded);
  }
  await loaded;
  return new Highlighter(shiki, grammar);
}

/** One block of code. */
export class Highlighter {
  readonly #shiki: HighlighterCore;
  readonly #grammar: Grammar;
  #state: GrammarState | undefined;

  constructor(shiki: HighlighterCore, grammar: Grammar) {
    this.#shiki = shiki;
    this.#grammar = grammar;
  }

  /** Colours the lines that follow those that are done. */
  next(lines: readonly string[]): Line[] {
    const options = {
      lang: this.#grammar,
      theme: THEME,
      tokenizeMaxLineLength: LONGEST_LINE,
      // Whoever asked looks at the clock.
      tokenizeTimeLimit: 0,
      ...(this.#state ? { grammarState: this.#state } : {}),
    };
    const tokens = this.#shiki.codeToTokensBase(lines.join('\n'), options);
    this.#state = this.#shiki.getLastGrammarState(tokens);
    return tokens.map((line) => line.map(pieceOf));
  }
}

function pieceOf({ content, color }: ThemedToken): Piece {
  const kind = KIND.exec(color ?? '')?.[1];
  return kind === undefined ? { text: content } : { text: content, kind };
}

function loadCore(): Promise<HighlighterCore> {
  core ??= Promise.all([import('shiki/core'), import('shiki/engine/javascript')]).then(
    ([shiki, { createJavaScriptRegexEngine }]) =>
      shiki.createHighlighterCore({
        // The colours are the style sheet's, for both themes; a token only says what it is.
        themes: [shiki.createCssVariablesTheme({ name: THEME, variablePrefix: '--kind-' })],
        langs: [],
        // No WebAssembly: the content security policy needs no exception for it.
        engine: createJavaScriptRegexEngine({ forgiving: true }),
      }),
  );
  return core;
}
