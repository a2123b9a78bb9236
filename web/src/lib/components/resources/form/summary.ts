// A value in a few words, for what is folded.
import { fieldLabel } from '$lib/resources/words';
import { isFields } from '$lib/schema/edit';

/** The letters of a summary that are worth reading. */
const LONGEST = 80;

export function summarise(value: unknown): string {
  const text = words(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
}

function words(value: unknown): string {
  if (Array.isArray(value)) return value.map(words).filter(Boolean).join(', ');
  if (!isFields(value)) return value === undefined || value === null ? '' : String(value);
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined && inner !== null && inner !== '');
  // A reference is its name, and so is whatever holds nothing but one.
  if (entries.length === 1 && entries[0]?.[0] === 'name') return words(entries[0][1]);
  const named = entries.map(([name, inner]) => (TELLING.has(name) ? words(inner) : labelled(name, inner)));
  return named.filter(Boolean).join(' · ');
}

/** Fields whose value says enough by itself. */
const TELLING = new Set(['name', 'description', 'id', 'type']);

function labelled(name: string, value: unknown): string {
  // A switch says itself by being on.
  if (typeof value === 'boolean') return value ? fieldLabel(name).toLowerCase() : '';
  return isFields(value) || Array.isArray(value) ? words(value) : `${fieldLabel(name).toLowerCase()} ${words(value)}`;
}
