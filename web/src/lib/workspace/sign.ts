// The sign of a file by its kind.
import type { LucideIcon } from '@lucide/svelte';
import File from '@lucide/svelte/icons/file';
import FileText from '@lucide/svelte/icons/file-text';
import Film from '@lucide/svelte/icons/film';
import Folder from '@lucide/svelte/icons/folder';
import Image from '@lucide/svelte/icons/image';
import Music from '@lucide/svelte/icons/music';

import { previewOf, type PreviewKind } from './preview';
import type { FileItem } from './service';

const SIGNS: Record<PreviewKind, LucideIcon> = {
  folder: Folder,
  image: Image,
  audio: Music,
  video: Film,
  pdf: FileText,
  markdown: FileText,
  text: FileText,
  none: File,
};

export function signOf(item: FileItem): LucideIcon {
  const kind = previewOf(item);
  return SIGNS[kind === 'text' && !item.is_text ? 'none' : kind];
}
