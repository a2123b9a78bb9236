// Paths of the workspace. The service names files by absolute paths with `/`; names may hold every other character.

/** `/a/b` + `c` = `/a/b/c`. */
export function join(folder: string, name: string): string {
  return folder.endsWith('/') ? `${folder}${name}` : `${folder}/${name}`;
}

export function parent(path: string): string {
  const at = path.replace(/\/+$/, '').lastIndexOf('/');
  return at <= 0 ? '/' : path.slice(0, at);
}

export function nameOf(path: string): string {
  const clean = path.replace(/\/+$/, '');
  return clean.slice(clean.lastIndexOf('/') + 1);
}

/** Whether a path is a folder or in it, by whole names. */
export function isWithin(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}

/** A path as uploads want it: relative to the workspace; empty for its root. */
export function relative(root: string, path: string): string {
  if (path === root) return '';
  return isWithin(root, path) ? path.slice(root.endsWith('/') ? root.length : root.length + 1) : path;
}

/** The folders from the root down to a path, both included. */
export function ancestry(root: string, path: string): { name: string; path: string }[] {
  const found = [{ name: nameOf(root) || '/', path: root }];
  for (const name of relative(root, path).split('/')) {
    const last = found.at(-1);
    if (name !== '' && last !== undefined) found.push({ name, path: join(last.path, name) });
  }
  return found;
}

/** A file's extension in small letters, without its dot; empty for none and for names such as `.env`. */
export function extension(name: string): string {
  const at = name.lastIndexOf('.');
  return at <= 0 ? '' : name.slice(at + 1).toLowerCase();
}

/** Why a name cannot be one, as a key of the messages; null where it can. The service refuses the same (S1-172). */
export function flawOfName(name: string): 'empty' | 'characters' | 'dots' | 'long' | null {
  if (name.trim() === '') return 'empty';
  if (/[/\\:\0]/.test(name)) return 'characters';
  if (name === '.' || name === '..') return 'dots';
  // File systems take 255 bytes, not letters.
  return new TextEncoder().encode(name).length > 255 ? 'long' : null;
}

/** A reference that a message takes: the service puts the file's contents in its place. */
export function reference(path: string): string {
  return `<file>${path}</file>`;
}
