// Puts values into a message: `{name}`, and `{count:file|files}` for the form that a number takes.
import type { Values } from './keys';

const PLACEHOLDER = /\{(\w+)(?::([^{}|]*)(?:\|([^{}]*))?)?\}/g;

export function format(message: string, values: Values, language: string): string {
  return message.replace(PLACEHOLDER, (whole, name: string, one?: string, other?: string) => {
    const value = values[name];
    if (value === undefined) return whole;
    if (one === undefined) return typeof value === 'number' ? value.toLocaleString(language) : value;
    const form = new Intl.PluralRules(language).select(Number(value));
    return form === 'one' ? one : (other ?? one);
  });
}

/** The names of a message's placeholders, each once, in order of the alphabet. */
export function placeholders(message: string): string[] {
  return [...new Set([...message.matchAll(PLACEHOLDER)].map((match) => match[1] ?? ''))].sort();
}
