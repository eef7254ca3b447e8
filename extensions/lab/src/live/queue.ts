/** What goes out in its order, and what of it is on its way without an answer. */

import type { ISpooled } from './spool';

/** Messages on their way without an acknowledgement. */
const WINDOW = 64;

/** The messages of one connection. */
export class Queue {
  /** @param _send - Put one message into the connection. */
  constructor(private readonly _send: (entry: ISpooled) => void) {}

  /** Whether an answer is due. */
  get isWaiting(): boolean {
    return this._sent.size > 0;
  }

  /** A new connection: nothing is on its way, and these are to be sent. */
  begin(entries: readonly ISpooled[]): void {
    this._sent.clear();
    this._unsent = [...entries];
  }

  /** To be sent behind all others. */
  add(entry: ISpooled): void {
    this._unsent.push(entry);
  }

  /** The room has these. */
  acknowledge(bootId: string, clientSeq: number): void {
    const isDone = (entry: ISpooled): boolean =>
      entry.boot_id === bootId && entry.client_seq <= clientSeq;
    this._forget(isDone);
  }

  /** The room will never take this one. */
  drop(bootId: string, clientSeq: number): void {
    this._forget(entry => entry.boot_id === bootId && entry.client_seq === clientSeq);
  }

  /** Keep only these, of what is to be sent. */
  keep(wanted: (entry: ISpooled) => boolean): void {
    this._forget(entry => !wanted(entry));
    this._unsent = this._unsent.filter(wanted);
  }

  /** Send as much as may be on its way at once. */
  pump(): void {
    while (this._sent.size < WINDOW) {
      const entry = this._unsent.shift();
      if (entry === undefined) {
        break;
      }
      this._sent.add(entry);
      this._send(entry);
    }
  }

  private _forget(isGone: (entry: ISpooled) => boolean): void {
    for (const entry of this._sent) {
      if (isGone(entry)) {
        this._sent.delete(entry);
      }
    }
  }

  private _unsent: ISpooled[] = [];
  private readonly _sent = new Set<ISpooled>();
}
