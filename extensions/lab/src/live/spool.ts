/**
 * What the page measured and the room has not acknowledged yet.
 *
 * The room acknowledges a message when it is on disk there. Until then the message
 * stays here, in memory and in the browser's own database, so that neither a reload,
 * a crash nor a lost connection loses it. Sending one twice does no harm: the room
 * knows it by its boot id and its number.
 */

import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { Kept } from '../kept/kept';
import type { Outgoing } from '../wire';
import { covers } from './erasing';
import type { ILoads } from './loads';
import { ALONE } from './loads';

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

/**
 * The unacknowledged messages of this page and of earlier loads of it, in order.
 *
 * What another open page wrote stays that page's to send: its newest observations are not
 * in the database yet, and whatever overtook them would make the room take them for known.
 */
export class Spool {
  /** @param _loads - Knows which page loads are over. */
  constructor(
    private readonly _kept: Kept<ISpooled>,
    private readonly _loads: ILoads = ALONE
  ) {}

  /** What an earlier load of the page left is this page's to send from now on. */
  get found(): ISignal<this, void> {
    return this._found;
  }

  /** Leave out, of what the database has, what other open pages are to send. */
  async claim(): Promise<void> {
    const mine = new Map<string, boolean>();
    for (const bootId of bootsOf(this._kept.all)) {
      mine.set(bootId, await this._loads.claim(bootId));
    }
    this._kept.release(entry => mine.get(entry.boot_id) === false);
  }

  /** Look whether there are other pages' messages, which become this page's once they go. */
  async look(): Promise<void> {
    for (const bootId of bootsOf(await this._kept.stored())) {
      if (!this._loads.isClaimed(bootId) && !this._awaited.has(bootId)) {
        this._awaited.add(bootId);
        void this._loads.whenOver(bootId).then(() => this._adopt(bootId));
      }
    }
  }

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

  /** Forget what other pages and this one keep of these kinds of records; of all, if none. */
  erase(kinds: readonly string[]): void {
    void this._kept.purge(({ message }) => covers(kinds, message.type));
  }

  /** The interview is over: once the room has everything, nothing of it stays in the browser. */
  finish(): void {
    this._kept.finish();
  }

  private async _adopt(bootId: string): Promise<void> {
    const left = (await this._kept.stored()).filter(entry => entry.boot_id === bootId);
    if (left.length > 0) {
      this._kept.adopt(left);
      this._found.emit();
    }
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
  private readonly _awaited = new Set<string>();
  private readonly _found = new Signal<this, void>(this);
}

function bootsOf(entries: readonly ISpooled[]): Set<string> {
  return new Set(entries.map(entry => entry.boot_id));
}
