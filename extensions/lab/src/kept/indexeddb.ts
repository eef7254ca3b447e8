/** A kept list's place in the browser's own database. */

import type { IStore } from './kept';

const STORE = 'messages';

/** Open a database for one list; rejects where the browser has none (some private windows). */
export async function openStore<T extends object>(
  factory: IDBFactory,
  name: string
): Promise<IStore<T>> {
  const opening = factory.open(name, 1);
  opening.onupgradeneeded = () => {
    opening.result.createObjectStore(STORE, { autoIncrement: true });
  };
  return new IndexedDBStore<T>(await settled(opening));
}

class IndexedDBStore<T extends object> implements IStore<T> {
  constructor(database: IDBDatabase) {
    this._database = database;
    // Another page wants to change the database's form: never stand in its way.
    database.onversionchange = () => {
      database.close();
    };
  }

  async load(): Promise<T[]> {
    const entries: T[] = [];
    const store = this._database.transaction(STORE).objectStore(STORE);
    await eachCursor(store.openCursor(), cursor => {
      const entry = cursor.value as T;
      this._keys.set(entry, cursor.primaryKey);
      entries.push(entry);
    });
    return entries;
  }

  async put(entry: T): Promise<void> {
    const transaction = this._database.transaction(STORE, 'readwrite');
    const adding = transaction.objectStore(STORE).add(entry);
    // Together: a refused entry fails both, and each failure is somebody's to hear.
    const done = Promise.all([settled(adding), completed(transaction)]);
    // Else the browser waits for this page to ask for more, and drops it with the page.
    transaction.commit();
    const [key] = await done;
    this._keys.set(entry, key);
  }

  async remove(entries: readonly T[]): Promise<void> {
    if (!entries.some(entry => this._keys.has(entry))) {
      return; // gone before they came here
    }
    const transaction = this._database.transaction(STORE, 'readwrite');
    const store = transaction.objectStore(STORE);
    for (const entry of entries) {
      const key = this._keys.get(entry);
      if (key !== undefined) {
        store.delete(key);
        this._keys.delete(entry);
      }
    }
    await completed(transaction);
  }

  private readonly _database: IDBDatabase;
  private readonly _keys = new WeakMap<T, IDBValidKey>();
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => {
      resolve(request.result);
    };
    request.onerror = () => {
      reject(request.error ?? new Error('The browser database refused.'));
    };
  });
}

function completed(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => {
      resolve();
    };
    transaction.onabort = transaction.onerror = () => {
      reject(transaction.error ?? new Error('The browser database gave up.'));
    };
  });
}

function eachCursor(
  request: IDBRequest<IDBCursorWithValue | null>,
  visit: (cursor: IDBCursorWithValue) => void
): Promise<void> {
  return new Promise((resolve, reject) => {
    request.onerror = () => {
      reject(request.error ?? new Error('The browser database cannot be read.'));
    };
    request.onsuccess = () => {
      const cursor = request.result;
      if (cursor === null) {
        resolve();
      } else {
        visit(cursor);
        cursor.continue();
      }
    };
  });
}
