// What a person said, in pieces: words, files that are named in them, and code, which a file becomes when it is stored.
import { segmentsOf } from '$lib/chat/chips';

export type Piece =
  { kind: 'words'; text: string } | { kind: 'file'; path: string } | { kind: 'code'; code: string; language: string };

const FENCED = /^(`{3,}|~{3,})[ \t]*([^\s`]*)[^\n]*\n([\s\S]*?)\n?^\1[ \t]*$/gm;

export function piecesOf(text: string): Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  for (const match of text.matchAll(FENCED)) {
    pieces.push(...inWords(text.slice(from, match.index).replace(/\n$/, '')));
    pieces.push({ kind: 'code', code: match[3] ?? '', language: (match[2] ?? '').toLowerCase() });
    from = match.index + match[0].length + (text.charAt(match.index + match[0].length) === '\n' ? 1 : 0);
  }
  pieces.push(...inWords(text.slice(from)));
  return pieces;
}

function inWords(text: string): Piece[] {
  return segmentsOf(text).flatMap((segment): Piece[] => {
    if ('file' in segment) return [{ kind: 'file', path: segment.file }];
    return segment.text === '' ? [] : [{ kind: 'words', text: segment.text }];
  });
}
