// What stands below a field: the API's own description of it, without the marks of Markdown, and not at any length.
import { descriptions } from '$lib/i18n/descriptions.svelte';
import type { Field } from '$lib/schema/form';
import type { Path } from '$lib/schema/path';

/** What every field of a form is given. */
export interface FieldProps {
  field: Field;
  path: Path;
  label: string;
  hideLabel?: boolean;
}

/** Kubernetes describes its fields in pages; whoever wants to read them has its documentation. */
const LONGEST = 240;

export function hintOf({ schema }: Pick<Field, 'schema'>): string | undefined {
  const text = schema.description?.replaceAll('`', '').replaceAll('\n', ' ');
  return text ? descriptions.of(text.length > LONGEST ? beginning(text) : text) : undefined;
}

/** As many whole sentences as there is room for, or as many words. */
function beginning(text: string): string {
  const end = text.lastIndexOf('. ', LONGEST);
  return end > 0 ? text.slice(0, end + 1) : `${text.slice(0, text.lastIndexOf(' ', LONGEST))}…`;
}
