// Files out of a drop, a paste or a picker, with their place below the folder that they are dropped on. Folders are
// walked through.

export interface GatheredFile {
  readonly file: File;
  /** Relative to where it was dropped, its name included: `photos/sea.jpg`. */
  readonly path: string;
  /** The browser's handle, where it gives one: an upload goes on with it after a reload. */
  readonly handle?: FileSystemFileHandle;
}

interface HandleGivingItem extends DataTransferItem {
  getAsFileSystemHandle?(): Promise<FileSystemHandle | null>;
}

/** What was dropped or pasted. Begins at once: a browser empties the transfer when the event is over. */
export async function gatherTransfer(transfer: DataTransfer): Promise<GatheredFile[]> {
  const items = [...transfer.items].filter((item) => item.kind === 'file');
  const pending = items.map((item) => {
    const entry = item.webkitGetAsEntry?.() ?? null;
    const file = item.getAsFile();
    if (entry?.isDirectory) return walk(entry as FileSystemDirectoryEntry, '');
    const handle = (item as HandleGivingItem).getAsFileSystemHandle?.().catch(() => null) ?? Promise.resolve(null);
    return file === null ? [] : handle.then((kept) => [gathered(file, kept)]);
  });
  return (await Promise.all(pending)).flat();
}

/** What a file input chose; `webkitRelativePath` is filled where it chose a folder. */
export function gatherList(files: Iterable<File>): GatheredFile[] {
  return [...files].map((file) => ({ file, path: file.webkitRelativePath || file.name }));
}

/** Chosen through the browser's own picker, which gives handles. Null where there is none; empty where nothing was chosen. */
export async function gatherPicked(): Promise<GatheredFile[] | null> {
  const { showOpenFilePicker: pick } = window as unknown as {
    showOpenFilePicker?: (options: { multiple: boolean }) => Promise<FileSystemFileHandle[]>;
  };
  if (pick === undefined) return null;
  try {
    const handles = await pick({ multiple: true });
    return await Promise.all(handles.map(async (handle) => gathered(await handle.getFile(), handle)));
  } catch (thrown) {
    if (thrown instanceof DOMException && thrown.name === 'AbortError') return [];
    throw thrown;
  }
}

function gathered(file: File, handle: FileSystemHandle | null): GatheredFile {
  const kept = handle?.kind === 'file' ? { handle: handle as FileSystemFileHandle } : {};
  return { file, path: file.name, ...kept };
}

async function walk(folder: FileSystemDirectoryEntry, above: string): Promise<GatheredFile[]> {
  const here = above === '' ? folder.name : `${above}/${folder.name}`;
  const found: GatheredFile[] = [];
  for (const entry of await entriesOf(folder)) {
    if (entry.isDirectory) found.push(...(await walk(entry as FileSystemDirectoryEntry, here)));
    else found.push({ file: await fileOf(entry as FileSystemFileEntry), path: `${here}/${entry.name}` });
  }
  return found;
}

/** A reader gives at most 100 entries at a time, and an empty list at the end. */
async function entriesOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return all;
    all.push(...some);
  }
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}

/** A pasted picture is called `image.png` by every browser: the time tells it from the one before. */
export function renamedPaste({ file, path }: GatheredFile, now: Date): GatheredFile {
  if (!/^image\.(png|jpe?g|webp|gif)$/.test(path)) return { file, path };
  const time = now.toISOString().slice(0, 19).replace('T', ' ').replaceAll(':', '.');
  const name = `Pasted ${time}${path.slice('image'.length)}`;
  return { file: new File([file], name, { type: file.type, lastModified: file.lastModified }), path: name };
}
