// Texts that tools take and give, as they are shown: JSON with its structure and colours, everything else as it is.

export type TokenKind = 'key' | 'text' | 'number' | 'word' | 'plain';

/** A piece of one colour. */
export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
}

/** Longer texts are shown without colours: each piece is an element of the page. */
const MOST_COLOURED = 60_000;

/** JSON on many lines; null where it is none, or only a word or a number. */
export function pretty(text: string): string | null {
  const first = text.trimStart().charAt(0);
  if (first !== '{' && first !== '[') return null;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return null;
  }
}

/** A value as JSON on many lines; a text stays itself. */
export function written(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value, null, 2) ?? '');
}

const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|\b(true|false|null)\b/g;

/** The coloured pieces of pretty JSON, which together are the text. */
export function tokensOf(json: string): Token[] {
  if (json.length > MOST_COLOURED) return [{ kind: 'plain', text: json }];
  const tokens: Token[] = [];
  let from = 0;
  for (const match of json.matchAll(TOKEN)) {
    if (match.index > from) tokens.push({ kind: 'plain', text: json.slice(from, match.index) });
    const [whole, text, colon, number] = match;
    if (text !== undefined) {
      tokens.push({ kind: colon === undefined ? 'text' : 'key', text });
      if (colon !== undefined) tokens.push({ kind: 'plain', text: colon });
    } else tokens.push({ kind: number === undefined ? 'word' : 'number', text: whole });
    from = match.index + whole.length;
  }
  if (from < json.length) tokens.push({ kind: 'plain', text: json.slice(from) });
  return tokens;
}

/** The first lines of a text, and how many it has. */
export function head(text: string, lines: number): { text: string; total: number; cut: boolean } {
  const all = text.split('\n');
  return {
    text: all.length > lines ? all.slice(0, lines).join('\n') : text,
    total: all.length,
    cut: all.length > lines,
  };
}
