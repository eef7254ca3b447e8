/**
 * What the page measured and the room has not acknowledged yet.
 *
 * The room acknowledges a message when it is on disk there. Until then the message
 * stays here, in memory and in the browser's own database, so that neither a reload,
 * a crash nor a lost connection loses it. Sending one twice does no harm: the room
 * knows it by its boot id and its number.
 */

import type { Outgoing } from '../wire';

/** One message that waits for its acknowledgement. */
export interface ISpooled {
  /** The page load that made it. */
  readonly boot_id: string;
  /** Its number within that page load. */
  readonly client_seq: number;
  /** Hub name of the person whose page made it; nobody else's page may send it. */
  readonly author: string;
  /** The message as it goes over the wire. */
  readonly message: Outgoing;
}

/** Where spooled messages survive the page. */
export interface ISpoolStore {
  /** Everything kept, in the order it was put. */
  load(): Promise<ISpooled[]>;
  put(entry: ISpooled): Promise<void>;
  /** Forget these messages. */
  remove(entries: readonly ISpooled[]): Promise<void>;
}

/**
 * Most observation messages kept (one a second: an hour). Beyond it the oldest go;
 * events are never dropped.
 */
export const MAX_OBSERVATIONS = 3600;

/** The unacknowledged messages of this page and of earlier loads of it, in order. */
export class Spool {
  /**
   * @param store - Where they survive; null keeps them in memory only.
   * @param onStoreFailure - Told once, when the store stops taking messages.
   */
  constructor(
    store: ISpoolStore | null,
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

  /** How many messages wait. */
  get size(): number {
    return this._entries.length;
  }

  /** All that waits, oldest first. */
  pending(): readonly ISpooled[] {
    return this._entries;
  }

  /** Keep a message until it is acknowledged. */
  add(entry: ISpooled): void {
    this._entries.push(entry);
    this._write(store => store.put(entry));
    if (entry.message.type === 'observations') {
      this._trimObservations();
    }
  }

  /** The room has everything of this page load up to and including `clientSeq`. */
  acknowledge(bootId: string, clientSeq: number): void {
    this._remove(entry => entry.boot_id === bootId && entry.client_seq <= clientSeq);
  }

  /** The room refused this one message for good. */
  drop(bootId: string, clientSeq: number): void {
    this._remove(entry => entry.boot_id === bootId && entry.client_seq === clientSeq);
  }

  /** Resolves when everything asked of the store so far is done. */
  async flushed(): Promise<void> {
    await this._writes;
  }

  private _trimObservations(): void {
    const observations = this._entries.filter(
      entry => entry.message.type === 'observations'
    );
    const excess = new Set(
      observations.slice(0, Math.max(0, observations.length - MAX_OBSERVATIONS))
    );
    if (excess.size > 0) {
      this._remove(entry => excess.has(entry));
    }
  }

  private _remove(gone: (entry: ISpooled) => boolean): void {
    const removed = this._entries.filter(gone);
    if (removed.length > 0) {
      this._entries = this._entries.filter(entry => !gone(entry));
      this._write(store => store.remove(removed));
    }
  }

  private _write(job: (store: ISpoolStore) => Promise<void>): void {
    this._writes = this._writes.then(async () => {
      if (this._store !== null) {
        await job(this._store).catch((error: unknown) => {
          this._giveUpStore(error);
        });
      }
    });
  }

  private _giveUpStore(error: unknown): void {
    this._store = null;
    this._onStoreFailure(error);
  }

  private _entries: ISpooled[] = [];
  private _store: ISpoolStore | null;
  private _writes: Promise<void> = Promise.resolve();
  private readonly _onStoreFailure: (error: unknown) => void;
}
