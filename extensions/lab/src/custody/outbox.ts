/**
 * What this page wrote into the notebook and the room has not saved yet.
 *
 * Every update stays here, and in the browser's database, until the room says that the
 * write that carried it is on disk. Writes are counted for each connection anew. Sending
 * an update twice does no harm: Yjs knows each of its parts by client id and clock.
 */

import type { Kept } from '../kept/kept';
import { dependentsOf } from './refusal';

/** One update that waits to be saved. */
export interface IKeptUpdate {
  readonly update: Uint8Array;
}

/** One write on its way; without an entry, when it only answered the room's step 1. */
interface IWrite {
  readonly number: number;
  readonly update: Uint8Array;
  readonly entry: IKeptUpdate | null;
}

/** The updates that wait, and which of them are on their way. */
export class Outbox {
  constructor(private readonly _kept: Kept<IKeptUpdate>) {}

  /** Whether what waits survives this page. */
  get survives(): boolean {
    return this._kept.survives;
  }

  /** How many updates are not saved. */
  get unsaved(): number {
    return Math.max(this._kept.all.length, this._onTheirWay.length);
  }

  /** Bytes that were sent over this connection, without an answer. */
  get bytesOnTheirWay(): number {
    return this._onTheirWay.reduce((sum, { update }) => sum + update.length, 0);
  }

  /** All that waits, oldest first. */
  updates(): Uint8Array[] {
    return this._kept.all.map(entry => entry.update);
  }

  /** Keep an update of this page. */
  add(update: Uint8Array): void {
    const entry = { update };
    this._kept.add(entry);
    this._unsent.push(entry);
  }

  /** The connection is lost, or new: nothing is on its way, everything is to be sent. */
  begin(): void {
    this._writes = 0;
    this._onTheirWay = [];
    this._unsent = [...this._kept.all];
  }

  /** The next update to send, which counts as a write; null when there is none. */
  next(): Uint8Array | null {
    const entry = this._unsent.shift();
    if (entry === undefined) {
      return null;
    }
    this._count(entry.update, entry);
    return entry.update;
  }

  /** A write that carries nothing of what is kept. */
  countAnswer(update: Uint8Array): void {
    this._count(update, null);
  }

  /** The room has the first so many writes of this connection on disk. */
  saved(writes: number): void {
    const done = this._onTheirWay.filter(({ number }) => number <= writes);
    const entries = new Set(done.map(({ entry }) => entry));
    this._onTheirWay = this._onTheirWay.slice(done.length);
    this._kept.remove(entry => entries.has(entry));
  }

  /**
   * The room will never take this write: forget it and what cannot stand without it.
   *
   * @param number - Which; null, or one that is not on its way, is taken for the oldest,
   *   so that whatever the room refuses is not sent for ever.
   * @returns The updates that went, in order.
   */
  refuse(number: number | null): Uint8Array[] {
    const write =
      this._onTheirWay.find(each => each.number === number) ?? this._onTheirWay.at(0);
    if (write === undefined) {
      return [];
    }
    const before = new Set(
      this._onTheirWay
        .filter(each => each.number <= write.number)
        .map(({ entry }) => entry)
    );
    const later = this._kept.all.filter(entry => !before.has(entry));
    const dependents = dependentsOf(write.update, later, entry => entry.update);
    const gone = new Set([write.entry, ...dependents]);
    this._onTheirWay = this._onTheirWay.filter(
      each => each !== write && !gone.has(each.entry)
    );
    this._unsent = this._unsent.filter(entry => !gone.has(entry));
    this._kept.remove(entry => gone.has(entry));
    return [write.update, ...dependents.map(entry => entry.update)];
  }

  /** The number of the largest write on its way, if it has at least so many bytes. */
  largest(atLeastBytes: number): number | null {
    let found: IWrite | null = null;
    for (const write of this._onTheirWay) {
      const size = write.update.length;
      if (size >= atLeastBytes && size > (found?.update.length ?? -1)) {
        found = write;
      }
    }
    return found?.number ?? null;
  }

  /** Resolves when the browser's database holds, and holds no more, what it should. */
  async flushed(): Promise<void> {
    await this._kept.flushed();
  }

  private _count(update: Uint8Array, entry: IKeptUpdate | null): void {
    this._writes += 1;
    this._onTheirWay.push({ number: this._writes, update, entry });
  }

  private _writes = 0;
  private _onTheirWay: IWrite[] = [];
  private _unsent: IKeptUpdate[] = [];
}
