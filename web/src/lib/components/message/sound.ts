// Recordings as they come: base64 without a word about what it is.

/** The first letters of a file in base64, and what it is. */
const KINDS: [string, string][] = [
  ['UklGR', 'audio/wav'],
  ['GkXfo', 'audio/webm'],
  ['T2dnU', 'audio/ogg'],
  ['SUQz', 'audio/mpeg'],
  ['//s', 'audio/mpeg'],
  ['//v', 'audio/mpeg'],
  ['ZkxhQ', 'audio/flac'],
  ['AAAA', 'audio/mp4'],
];

/** A recording as a file; `undefined` where it is none. */
export function recording(text: string): Blob | undefined {
  const data = /^data:([^;,]+)[^,]*;base64,(.*)$/s.exec(text);
  const base64 = data?.[2] ?? text;
  const type = data?.[1] ?? KINDS.find(([start]) => base64.startsWith(start))?.[1] ?? 'audio/wav';
  try {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    return type.startsWith('audio/') || type.startsWith('video/') ? new Blob([bytes], { type }) : undefined;
  } catch {
    return undefined;
  }
}
