// Finding resources in a list: what is searched of each is put together once.
import { textAt } from '$lib/schema/edit';

import { idOf, labelOf, managedBy, nameOf, standingOf, type Manifest } from './manifest';

export const FILTERS = ['', 'ready', 'trouble', 'suspended', 'managed'] as const;
export type StandingFilter = (typeof FILTERS)[number];

const texts = new WeakMap<Manifest, string>();

function textOf(manifest: Manifest): string {
  const known = texts.get(manifest);
  if (known !== undefined) return known;
  const { spec } = manifest;
  const fields = [['description'], ['group'], ['model'], ['baseUrl'], ['modelRef', 'name'], ['protocol'], ['toolName']];
  const parts = [nameOf(manifest), idOf(manifest), labelOf(manifest), ...fields.map((path) => textAt(spec, path))];
  const text = parts.join('\n').toLowerCase();
  texts.set(manifest, text);
  return text;
}

/** Those that contain every word, and stand as the filter wants. */
export function matching(manifests: Manifest[], search: string, filter: StandingFilter): Manifest[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0 && filter === '') return manifests;
  return manifests.filter((manifest) => {
    if (!passes(manifest, filter)) return false;
    const text = textOf(manifest);
    return words.every((word) => text.includes(word));
  });
}

function passes(manifest: Manifest, filter: StandingFilter): boolean {
  const standing = standingOf(manifest);
  switch (filter) {
    case '':
      return true;
    case 'trouble':
      return standing === 'failed' || standing === 'warning';
    case 'managed':
      return managedBy(manifest) !== null;
    default:
      return standing === filter;
  }
}
