// What can be chosen in a Select or a Combobox.
export interface Option {
  value: string;
  label: string;
  detail?: string;
  group?: string;
  disabled?: boolean;
}

/** Options that contain every word of a search, in their label, detail or value. */
export function filterOptions(options: Option[], search: string): Option[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return options;
  return options.filter((option) => {
    const text = `${option.label} ${option.detail ?? ''} ${option.value}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** Options by their group, groups in the order in which they first come. */
export function grouped(options: Option[]): [string, Option[]][] {
  const groups = new Map<string, Option[]>();
  for (const option of options) {
    const group = groups.get(option.group ?? '');
    if (group) group.push(option);
    else groups.set(option.group ?? '', [option]);
  }
  return [...groups];
}
