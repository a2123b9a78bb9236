/** Text with files in it: chips on the screen, `<file>path</file>` in the message (S1-183). */

export type Segment = { text: string } | { file: string };

const FILE = /<file>([^<]*)<\/file>/g;

/** The pieces of a message's text. */
export function segmentsOf(text: string): Segment[] {
  const segments: Segment[] = [];
  let from = 0;
  for (const found of text.matchAll(FILE)) {
    const path = found[1]?.trim();
    if (!path) continue;
    if (found.index > from) segments.push({ text: text.slice(from, found.index) });
    segments.push({ file: path });
    from = found.index + found[0].length;
  }
  if (from < text.length) segments.push({ text: text.slice(from) });
  return segments;
}

export function textOf(segments: readonly Segment[]): string {
  return segments.map((segment) => ('file' in segment ? `<file>${segment.file}</file>` : segment.text)).join('');
}

/** The last part of a path, which is what a chip shows. */
export function fileName(path: string): string {
  return path.split('/').filter(Boolean).at(-1) ?? path;
}
