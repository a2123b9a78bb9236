// Remembers which uploads are under way, across reloads of the page: the ids in localStorage, and by Web Locks which of
// them another page still works on.

import type { FileIdentity } from './queue';

/** What is remembered of an upload. */
export interface LedgerEntry {
  readonly task: string;
  readonly uploadId: string;
  readonly file: FileIdentity;
}

/** A memory of unfinished uploads. */
export interface Ledger {
  remember(entry: LedgerEntry): void;
  forget(uploadId: string): void;
  /** The entries that no living page works on. */
  abandoned(): Promise<LedgerEntry[]>;
}

const KEY = 'troupe.uploads';

/** Web Locks exist in secure contexts only: without them two pages may offer to go on with one upload, which harms none. */
type Locks = Pick<LockManager, 'request' | 'query'>;

/** The ledger of this browser. */
export class BrowserLedger implements Ledger {
  readonly #storage: Storage;
  readonly #locks: Locks | undefined;
  readonly #held = new Map<string, () => void>();

  constructor(storage: Storage, locks: Locks | undefined) {
    this.#storage = storage;
    this.#locks = locks;
  }

  remember(entry: LedgerEntry): void {
    if (this.#held.has(entry.uploadId)) return;
    this.#held.set(entry.uploadId, this.#hold(entry.uploadId));
    const others = this.#read().filter((other) => other.uploadId !== entry.uploadId);
    this.#write([...others, entry]);
  }

  forget(uploadId: string): void {
    this.#held.get(uploadId)?.();
    this.#held.delete(uploadId);
    const entries = this.#read();
    const rest = entries.filter((entry) => entry.uploadId !== uploadId);
    if (rest.length < entries.length) this.#write(rest);
  }

  async abandoned(): Promise<LedgerEntry[]> {
    const held = new Set((await this.#locks?.query())?.held?.map((lock) => lock.name));
    return this.#read().filter((entry) => !held.has(lockName(entry.uploadId)));
  }

  #hold(uploadId: string): () => void {
    let release = () => {};
    const done = new Promise<void>((resolve) => (release = resolve));
    // A lock that cannot be had is another page's: both send, and the service takes either's bytes.
    void this.#locks?.request(lockName(uploadId), { ifAvailable: true }, () => done).catch(() => {});
    return release;
  }

  #read(): LedgerEntry[] {
    try {
      const value: unknown = JSON.parse(this.#storage.getItem(KEY) ?? '[]');
      return Array.isArray(value) ? value.filter(isEntry) : [];
    } catch {
      // Another version of the page wrote it, or a person did.
      return [];
    }
  }

  #write(entries: LedgerEntry[]): void {
    try {
      this.#storage.setItem(KEY, JSON.stringify(entries));
    } catch {
      // A full or forbidden storage costs the resumption after a reload, not the upload.
    }
  }
}

function lockName(uploadId: string): string {
  return `troupe.upload.${uploadId}`;
}

function isEntry(value: unknown): value is LedgerEntry {
  if (typeof value !== 'object' || value === null) return false;
  const { task, uploadId, file } = value as Partial<Record<keyof LedgerEntry, unknown>>;
  if (typeof task !== 'string' || typeof uploadId !== 'string' || typeof file !== 'object' || file === null)
    return false;
  const { name, size, modified } = file as Partial<Record<keyof FileIdentity, unknown>>;
  return typeof name === 'string' && typeof size === 'number' && typeof modified === 'number';
}
