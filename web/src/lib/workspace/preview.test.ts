import { expect, it } from 'vitest';

import { languageOf, previewOf } from './preview';
import type { FileItem } from './service';

const file = (name: string, more: Partial<FileItem> = {}): FileItem => ({
  name,
  path: `/w/${name}`,
  is_dir: false,
  size: 10,
  modified: 0,
  is_text: false,
  is_image: false,
  is_audio: false,
  is_video: false,
  ...more,
});

it.each([
  [file('notes', { is_dir: true }), 'folder'],
  [file('sea.jpg', { is_image: true }), 'image'],
  [file('song.mp3', { is_audio: true }), 'audio'],
  [file('film.mp4', { is_video: true }), 'video'],
  [file('paper.PDF'), 'pdf'],
  [file('README.md', { is_text: true }), 'markdown'],
  [file('huge.log', { is_text: true, size: 5_000_000_000 }), 'text'],
  [file('without-kind'), 'text'],
  [file('disk.img', { size: 5_000_000 }), 'none'],
])('$name is shown as %s', (item, kind) => expect(previewOf(item)).toBe(kind));

it.each([
  ['serve.py', 'py'],
  ['Dockerfile', 'docker'],
  ['Makefile', 'make'],
  ['plain', ''],
])('%s is coloured as %s', (name, language) => expect(languageOf(name)).toBe(language));
