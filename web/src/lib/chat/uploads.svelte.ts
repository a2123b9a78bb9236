// Files on their way from the composer into the workspace.

export interface Upload {
  id: number;
  name: string;
  /** From 0 to 1. */
  share: number;
  cancel(): void;
}

/** Where files go that a message brings, relative to the workspace. */
const FOLDER = 'uploads';

export class Uploads {
  list = $state<Upload[]>([]);
  #next = 1;

  /** Sends a file; the path that `<file>` takes. Rejects where that fails or is cancelled. */
  async send(file: File): Promise<string> {
    const { uploadFile } = await import('$lib/upload');
    const abort = new AbortController();
    const id = this.#next++;
    this.list.push({ id, name: file.name, share: 0, cancel: () => abort.abort() });
    try {
      const target = `${FOLDER}/${free(file.name)}`;
      const sent = await uploadFile(file, target, ({ share }) => this.#show(id, share), abort.signal);
      return sent.path;
    } finally {
      this.list = this.list.filter((upload) => upload.id !== id);
    }
  }

  #show(id: number, share: number): void {
    const upload = this.list.find((upload) => upload.id === id);
    if (upload) upload.share = share;
  }
}

/** The name with the time in it: two screenshots are both called image.png, and neither shall replace the other. */
function free(name: string): string {
  const dot = name.lastIndexOf('.');
  const stem = dot > 0 ? name.slice(0, dot) : name;
  const kind = dot > 0 ? name.slice(dot) : '';
  const time = new Date().toISOString().replace(/\D/g, '').slice(0, 17);
  return `${stem.replaceAll('/', '_')}-${time}${kind}`;
}
