/** What was typed and not sent, by conversation: it outlives the page, its tab's sleep and an expired sign-in. */

export interface Draft {
  /** With `<file>path</file>` for attached files. */
  text: string;
  /** Data URIs. */
  images: string[];
  /** A recording, in base64. */
  audio?: string;
}

const PREFIX = 'draft:';
/** The conversation that is not there yet. */
export const NEW = 'new';

export function emptyDraft(): Draft {
  return { text: '', images: [] };
}

export function isEmpty(draft: Draft): boolean {
  return draft.text.trim() === '' && draft.images.length === 0 && !draft.audio;
}

export function readDraft(conversation: string): Draft {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(PREFIX + conversation) ?? 'null');
    if (typeof stored === 'object' && stored !== null) return { ...emptyDraft(), ...stored };
  } catch {
    // What another version wrote, or nobody can read, is no draft.
  }
  return emptyDraft();
}

/** Keeps a draft; an empty one is dropped. Where there is no room for its images, its words are kept. */
export function keepDraft(conversation: string, draft: Draft): void {
  const key = PREFIX + conversation;
  if (isEmpty(draft)) {
    localStorage.removeItem(key);
    return;
  }
  for (const part of [draft, { text: draft.text, images: [] }]) {
    try {
      localStorage.setItem(key, JSON.stringify(part));
      return;
    } catch {
      // The browser's room is used up.
    }
  }
}
