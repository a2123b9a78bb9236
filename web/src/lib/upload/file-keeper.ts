// Keeps handles of the files that are being sent in IndexedDB, where the browser has handles, so that an upload goes on
// after a reload without the person picking the file again.

/** Where handles of files are kept, by task. */
export interface FileKeeper {
  keep(task: string, handle: FileSystemFileHandle): Promise<void>;
  /** The file, if its handle was kept and the person lets the page read it. Call it from a click: a browser may ask. */
  recall(task: string): Promise<File | null>;
  drop(task: string): Promise<void>;
}

const DATABASE = 'troupe-uploads';
const STORE = 'handles';

/** Browsers ask again after a reload; TypeScript's library does not know these two yet. */
interface AskingHandle extends FileSystemFileHandle {
  queryPermission?(options: { mode: 'read' }): Promise<PermissionState>;
  requestPermission?(options: { mode: 'read' }): Promise<PermissionState>;
}

/** The keeper of this browser; every failure means that the file is not kept. */
export class BrowserFileKeeper implements FileKeeper {
  #database: Promise<IDBDatabase> | undefined;

  async keep(task: string, handle: FileSystemFileHandle): Promise<void> {
    await this.#perform('readwrite', (store) => store.put(handle, task)).catch(() => {});
  }

  async recall(task: string): Promise<File | null> {
    try {
      const handle = await this.#perform(
        'readonly',
        (store) => store.get(task) as IDBRequest<AskingHandle | undefined>,
      );
      if (handle === undefined || !(await mayRead(handle))) return null;
      return await handle.getFile();
    } catch {
      return null;
    }
  }

  async drop(task: string): Promise<void> {
    await this.#perform('readwrite', (store) => store.delete(task)).catch(() => {});
  }

  async #perform<T>(mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
    this.#database ??= open();
    const database = await this.#database;
    return answerOf(act(database.transaction(STORE, mode).objectStore(STORE)));
  }
}

async function mayRead(handle: AskingHandle): Promise<boolean> {
  if (handle.queryPermission === undefined || handle.requestPermission === undefined) return true;
  const state = await handle.queryPermission({ mode: 'read' });
  return state === 'granted' || (await handle.requestPermission({ mode: 'read' })) === 'granted';
}

function open(): Promise<IDBDatabase> {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE);
  return answerOf(request);
}

function answerOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('IndexedDB failed'));
  });
}
