// Saves a conversation as a file of the person's own.
import type { Turn } from '$lib/stream/conversation';
import { saveText } from '$lib/workspace/download';

import { asJson } from './json';
import { asMarkdown } from './markdown';

export interface Saved {
  turns: readonly Turn[];
  title: string;
  session?: string;
}

export function saveConversation(format: 'markdown' | 'json', { turns, title, session }: Saved): void {
  const head = { title, at: new Date().toISOString(), session };
  if (format === 'markdown') saveText(asMarkdown(turns, head), `${fileNameOf(title)}.md`, 'text/markdown');
  else saveText(asJson(turns, head), `${fileNameOf(title)}.json`, 'application/json');
}

/** A title as the name of a file on any system. */
export function fileNameOf(title: string): string {
  const clean = title
    // What is not allowed somewhere, and what hides.
    .replace(/[\p{C}\\/:*?"<>|]+/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/^\.+|\.+$/g, '');
  return clean.slice(0, 80).trim() || 'conversation';
}
