/**
 * Where mathematics stands in a text: `$…$`, `$$…$$`, `\(…\)` and `\[…\]`, as extensions of the Markdown grammar.
 * The rules for a single `$` are Pandoc's, so that prices and shell variables stay what they are.
 */
import type { TokenizerExtension } from 'marked';

export interface MathToken {
  type: 'blockMath' | 'inlineMath';
  raw: string;
  tex: string;
  display: boolean;
}

/** On lines of its own; no blank line within, so that a forgotten mark does not swallow the rest. */
const BLOCK = [
  /^ {0,3}\$\$((?:(?!\n[ \t]*\n)[\s\S])+?)\$\$[ \t]*(?:\n+|$)/,
  /^ {0,3}\\\[((?:(?!\n[ \t]*\n)[\s\S])+?)\\\][ \t]*(?:\n+|$)/,
];

const INLINE: { pattern: RegExp; display: boolean }[] = [
  { pattern: /^\$\$((?:\\[^\n]|[^\\$])+?)\$\$/, display: true },
  { pattern: /^\$(?![\s$])((?:\\[^\n]|[^\\$\n])*?(?:\\[^\n]|[^\\$\s]))\$(?![\d$])/, display: false },
  { pattern: /^\\\(([^\n]+?)\\\)/, display: false },
  { pattern: /^\\\[([^\n]+?)\\\]/, display: true },
];

const INLINE_EVERYWHERE =
  /\$\$(?:\\[^\n]|[^\\$])+?\$\$|\$(?![\s$])(?:\\[^\n]|[^\\$\n])*?(?:\\[^\n]|[^\\$\s])\$(?![\d$])|\\\([^\n]+?\\\)|\\\[[^\n]+?\\\]/g;

export const blockMath: TokenizerExtension = {
  name: 'blockMath',
  level: 'block',
  start: (text) => {
    const found = /(?:^|\n) {0,3}(?:\$\$|\\\[)/.exec(text);
    return found ? found.index + (found[0].startsWith('\n') ? 1 : 0) : undefined;
  },
  tokenizer(text): MathToken | undefined {
    for (const pattern of BLOCK) {
      const match = pattern.exec(text);
      if (match) return { type: 'blockMath', raw: match[0], tex: (match[1] ?? '').trim(), display: true };
    }
    return undefined;
  },
};

export const inlineMath: TokenizerExtension = {
  name: 'inlineMath',
  level: 'inline',
  start: (text) => {
    const index = text.search(/\$|\\[([]/);
    return index < 0 ? undefined : index;
  },
  tokenizer(text): MathToken | undefined {
    for (const { pattern, display } of INLINE) {
      const match = pattern.exec(text);
      if (match) return { type: 'inlineMath', raw: match[0], tex: (match[1] ?? '').trim(), display };
    }
    return undefined;
  },
};

/** Hides mathematics from the search for emphasis: `$a*b*c$` has none. */
export function maskMaths(text: string): string {
  return text.replace(INLINE_EVERYWHERE, (found) => '$'.repeat(found.length));
}
