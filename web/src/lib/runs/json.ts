// Texts that tools take and give, as they are written: JSON on many lines, everything else as it is.

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
