/**
 * A list that outlives the page: in memory, and in the browser's own database.
 *
 * What is measured waits in one until the room acknowledges it, and what is typed until
 * the room has saved it.
 */

/** Where entries survive the page. An entry is known by its identity, not its content. */
export interface IStore<T extends object> {
  /** Everything kept, in the order it was put. */
  load(): Promise<T[]>;
  /** Keep one more, behind all that were put before. Asked of the browser before it returns. */
  put(entry: T): Promise<void>;
  /** Forget these entries. */
  remove(entries: readonly T[]): Promise<void>;
  /** Forget that there ever was a list. */
  discard(): Promise<void>;
}

/** Entries of this page and of earlier loads of it, oldest first. */
export class Kept<T extends object> {
  /**
   * @param store - Where they survive; null keeps them in memory only.
   * @param onStoreFailure - Told once, when the store stops taking entries.
   */
  constructor(
    store: IStore<T> | null,
    onStoreFailure: (error: unknown) => void = () => undefined
  ) {
    this._store = store;
    this._onStoreFailure = onStoreFailure;
  }

  /** Take over what earlier page loads left. A store that cannot be read is left aside. */
  async load(): Promise<void> {
    try {
      this._entries = [...((await this._store?.load()) ?? []), ...this._entries];
    } catch (error) {
      this._giveUpStore(error);
    }
  }

  /** Whether entries survive this page. */
  get survives(): boolean {
    return this._store !== null;
  }

  get all(): readonly T[] {
    return this._entries;
  }

  /** @param settleMs - Leave it out of the store if it is gone again so soon. */
  add(entry: T, settleMs = 0): void {
    this._entries.push(entry);
    if (settleMs === 0) {
      this._put(entry);
    } else if (this.survives) {
      setTimeout(() => {
        if (this._entries.includes(entry)) {
          this._put(entry);
        }
      }, settleMs);
    }
  }

  /** Forget the entries that are gone. */
  remove(gone: (entry: T) => boolean): void {
    const removed = this._entries.filter(gone);
    if (removed.length > 0) {
      this._entries = this._entries.filter(entry => !gone(entry));
      // After what was asked before: an entry that is still being put has no place yet.
      this._writes = this._writes.then(() =>
        this._attempt(store => store.remove(removed))
      );
      this._discardIfDone();
    }
  }

  /** Nothing that matters comes any more: once none is left, of no page, forget the list. */
  finish(): void {
    this._isFinished = true;
    this._discardIfDone();
  }

  /** Leave these to another page: forgotten here, and not in the store. */
  release(unwanted: (entry: T) => boolean): void {
    this._entries = this._entries.filter(entry => !unwanted(entry));
  }

  /** What is in the store by now, also what other pages put there; each time anew. */
  async stored(): Promise<T[]> {
    let found: T[] = [];
    await this._attempt(async store => {
      found = await store.load();
    });
    return found;
  }

  /** Take over what `stored` found and another page kept, before what is here. */
  adopt(entries: readonly T[]): void {
    this._entries = [...entries, ...this._entries];
  }

  /** Forget for good, also what other pages put into the store. */
  async purge(gone: (entry: T) => boolean): Promise<void> {
    this.remove(gone);
    await this.flushed();
    const left = (await this.stored()).filter(gone);
    await this._attempt(store => store.remove(left));
  }

  /** Resolves when everything asked of the store so far is done. */
  async flushed(): Promise<void> {
    await this._writes;
  }

  /** At once, behind no earlier write: the page may be gone in the next moment. */
  private _put(entry: T): void {
    const put = this._attempt(store => store.put(entry));
    this._writes = Promise.all([this._writes, put]).then(() => undefined);
  }

  private _discardIfDone(): void {
    if (this._isFinished && this._entries.length === 0) {
      this._writes = this._writes.then(async () => {
        if (this._entries.length === 0 && (await this.stored()).length === 0) {
          await this._attempt(store => store.discard());
          this._store = null;
        }
      });
    }
  }

  private async _attempt(job: (store: IStore<T>) => Promise<void>): Promise<void> {
    if (this._store !== null) {
      await job(this._store).catch((error: unknown) => {
        this._giveUpStore(error);
      });
    }
  }

  private _giveUpStore(error: unknown): void {
    if (this._store !== null) {
      this._store = null;
      this._onStoreFailure(error);
    }
  }

  private _entries: T[] = [];
  private _store: IStore<T> | null;
  private _isFinished = false;
  private _writes: Promise<void> = Promise.resolve();
  private readonly _onStoreFailure: (error: unknown) => void;
}
