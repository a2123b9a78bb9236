// What the command palette finds: actions, pages, agents and conversations.
import type { LucideIcon } from '@lucide/svelte';

export interface PaletteEntry {
  id: string;
  title: string;
  section: string;
  detail?: string;
  keys?: string;
  words?: string;
  icon?: LucideIcon;
  run: () => void;
}

/** Entries with every word that was typed; those whose title begins with it come first, the rest stay in order. */
export function narrow(entries: PaletteEntry[], typed: string): PaletteEntry[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return entries;
  const start = words.join(' ');
  const found = entries.filter((entry) => {
    const text = `${entry.title} ${entry.section} ${entry.detail ?? ''} ${entry.words ?? ''}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  const rank = (entry: PaletteEntry) => {
    const title = entry.title.toLowerCase();
    if (title.startsWith(start)) return 0;
    return words.every((word) => title.includes(word)) ? 1 : 2;
  };
  return found
    .map((entry) => [rank(entry), entry] as const)
    .sort(([a], [b]) => a - b)
    .map(([, entry]) => entry);
}

/** Entries by section, sections in the order in which they first come. */
export function sections(entries: PaletteEntry[]): [string, PaletteEntry[]][] {
  const bySection = new Map<string, PaletteEntry[]>();
  for (const entry of entries) bySection.set(entry.section, [...(bySection.get(entry.section) ?? []), entry]);
  return [...bySection];
}
