// How a file is shown.
import { extension } from './path';
import type { FileItem } from './service';

export type PreviewKind = 'folder' | 'image' | 'audio' | 'video' | 'pdf' | 'markdown' | 'text' | 'none';

/** More of a text is not read: the page would only become slow. */
export const MOST_TEXT = 1_000_000;

/** Where a token is needed, media are read whole before they play; more than that would fill the memory. */
export const MOST_FETCHED = 512_000_000;

export function previewOf(item: FileItem): PreviewKind {
  if (item.is_dir) return 'folder';
  const kind = extension(item.name);
  if (item.is_image) return 'image';
  if (item.is_audio) return 'audio';
  if (item.is_video) return 'video';
  if (kind === 'pdf') return 'pdf';
  if (kind === 'md' || kind === 'markdown') return 'markdown';
  // A name tells little: what is small is looked into.
  return item.is_text || item.size <= MOST_TEXT ? 'text' : 'none';
}

/** The language in which a text is coloured, as a fence of Markdown would call it. */
export function languageOf(name: string): string {
  if (/^(Dockerfile|Containerfile)(\..+)?$/.test(name)) return 'docker';
  return /^(GNUm|M|m)akefile$/.test(name) ? 'make' : extension(name);
}
