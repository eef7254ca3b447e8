/**
 * What the page measured and the room has not acknowledged yet.
 *
 * The room acknowledges a message when it is on disk there. Until then the message
 * stays here, in memory and in the browser's own database, so that neither a reload,
 * a crash nor a lost connection loses it. Sending one twice does no harm: the room
 * knows it by its boot id and its number.
 */

import type { Kept } from '../kept/kept';
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

/**
 * Most observation messages kept (without a connection one a second: an hour). Beyond it
 * the oldest go; events are never dropped.
 */
export const MAX_OBSERVATIONS = 3600;

/**
 * How long observations wait before they go into the browser's database. Ten messages a
 * second are mostly acknowledged sooner; a crash loses no more than these.
 */
export const SETTLE_MS = 2_000;

/** The unacknowledged messages of this page and of earlier loads of it, in order. */
export class Spool {
  constructor(private readonly _kept: Kept<ISpooled>) {}

  /** How many messages wait. */
  get size(): number {
    return this._kept.all.length;
  }

  /** All that waits, each page load's in the order of its numbers, oldest load first. */
  pending(): readonly ISpooled[] {
    // An event is in the database before the observations that came before it.
    const loads = new Map<string, ISpooled[]>();
    for (const entry of this._kept.all) {
      const load = loads.get(entry.boot_id);
      if (load === undefined) {
        loads.set(entry.boot_id, [entry]);
      } else {
        load.push(entry);
      }
    }
    return [...loads.values()].flatMap(entries =>
      entries.sort((one, other) => one.client_seq - other.client_seq)
    );
  }

  /** Keep a message until it is acknowledged. */
  add(entry: ISpooled): void {
    if (entry.message.type === 'observations') {
      this._kept.add(entry, SETTLE_MS);
      this._trimObservations();
    } else {
      this._kept.add(entry);
    }
  }

  /** The room has everything of this page load up to and including `clientSeq`. */
  acknowledge(bootId: string, clientSeq: number): void {
    this._kept.remove(
      entry => entry.boot_id === bootId && entry.client_seq <= clientSeq
    );
  }

  /** The room refused this one message for good. */
  drop(bootId: string, clientSeq: number): void {
    this._kept.remove(
      entry => entry.boot_id === bootId && entry.client_seq === clientSeq
    );
  }

  private _trimObservations(): void {
    const observations = this._kept.all.filter(
      entry => entry.message.type === 'observations'
    );
    const excess = new Set(
      observations.slice(0, Math.max(0, observations.length - MAX_OBSERVATIONS))
    );
    if (excess.size > 0) {
      this._kept.remove(entry => excess.has(entry));
    }
  }
}
