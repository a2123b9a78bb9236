// What stands below a field: the API's own description of it, without the marks of Markdown.
import type { Field } from '$lib/schema/form';
import type { Path } from '$lib/schema/path';

/** What every field of a form is given. */
export interface FieldProps {
  field: Field;
  path: Path;
  label: string;
  hideLabel?: boolean;
}

export function hintOf({ schema }: Field): string | undefined {
  return schema.description?.replaceAll('`', '').replaceAll('\n', ' ') || undefined;
}
