/**
 * A witness of a room's record.
 *
 * It keeps the newest checkpoint that this browser saw. Each later one has to prove that it
 * goes on from there; one that does not is said for good, and told to the room. Whoever runs
 * the platform can then no longer change what was recorded without somebody noticing.
 */

import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { CheckpointMessage, WitnessReport } from '../wire';
import { checkSignature, headOf } from './checkpoints';
import type { Signed } from './checkpoints';
import type { Break, IBreak, WitnessStore } from './store';
import type { ISubtle } from './support';
import { isTreeHead, verifyConsistency } from './tree';

/** Without a proof for so long, it is said. */
export const UNPROVEN_MS = 30_000;
/** When nobody answered, it is asked again. */
export const AGAIN_MS = 5_000;
/** Checkpoints that wait for a proof; a day of them says no more than these. */
const MAX_WAITING = 500;

/**
 * What the room answered to a question for a proof: the hashes, or that it has none,
 * because its record is not so long.
 */
export type Proof = { readonly path: readonly string[] } | 'refused';

export interface IWitnessOptions {
  subtle: ISubtle;
  store: WitnessStore;
  /** Ask the room; rejects when nobody answers, or nobody may ask now. */
  askForProof: (first: number, second: number) => Promise<Proof>;
  /** Tell the room; returns whether it was sent. */
  report: (report: Omit<WitnessReport, 'type'>) => boolean;
  /** The clock on the wall. */
  nowMs: () => number;
}

/** How it stands. */
export type WitnessStanding =
  | { readonly state: 'waiting' }
  | { readonly state: 'witnessed'; readonly seen: CheckpointMessage }
  | {
      /** The room has not proved for a while that its record goes on. */
      readonly state: 'unproven';
      readonly seen: CheckpointMessage;
      readonly sinceMs: number;
    }
  | { readonly state: 'broken'; readonly broken: IBreak };

/** Follows the checkpoints of one room. */
export class Witness {
  constructor(options: IWitnessOptions) {
    this._options = options;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get standing(): WitnessStanding {
    const { seen, broken } = this._options.store.kept;
    if (broken !== null) {
      return { state: 'broken', broken };
    }
    if (seen === null) {
      return { state: 'waiting' };
    }
    const sinceMs = this._unprovenSinceMs;
    if (sinceMs !== null && this._options.nowMs() - sinceMs >= UNPROVEN_MS) {
      return { state: 'unproven', seen, sinceMs };
    }
    return { state: 'witnessed', seen };
  }

  /** Whether the newest checkpoint that was shown is signed; null before one. */
  get signed(): Signed | null {
    return this._signed;
  }

  /** Take a checkpoint that the room showed. */
  show(message: CheckpointMessage): void {
    if (!isTreeHead(message.checkpoint)) {
      return; // nothing is recorded yet
    }
    if (this._waiting.length >= MAX_WAITING) {
      this._waiting.splice(1, 1);
    }
    this._waiting.push(message);
    this._work();
  }

  /** The room can be reached: what it was not told of, it is told now. */
  reached(): void {
    this._tell();
    this._work();
  }

  /** Resolves when everything that was shown so far is settled or waits for the room. */
  async settled(): Promise<void> {
    await this._working;
  }

  dispose(): void {
    clearTimeout(this._timer);
    Signal.clearData(this);
  }

  private _work(): void {
    clearTimeout(this._timer);
    this._working = this._working.then(() => this._settle());
  }

  private async _settle(): Promise<void> {
    let next: CheckpointMessage | undefined;
    while ((next = this._waiting.at(0)) !== undefined) {
      const isSettled = await this._judge(next).catch((error: unknown) => {
        console.warn('No proof of the record came:', error);
        return false;
      });
      if (!isSettled) {
        this._unprovenSinceMs ??= this._options.nowMs();
        this._timer = setTimeout(() => {
          this._work();
        }, AGAIN_MS);
        break;
      }
      this._waiting.shift();
      this._unprovenSinceMs = null;
    }
    this._changed.emit();
  }

  /** @returns Whether it is known now how this one stands to what was seen. */
  private async _judge(shown: CheckpointMessage): Promise<boolean> {
    const { store, subtle } = this._options;
    const { seen, broken } = store.refresh();
    if (broken !== null) {
      return true; // one break is enough; it stays
    }
    this._signed = await checkSignature(shown, subtle);
    if (this._signed === 'forged') {
      return true; // nobody's word, so nothing to hold against anybody
    }
    if (seen === null) {
      store.keep({ seen: shown, broken });
      return true;
    }
    const [older, newer] =
      seen.checkpoint.size <= shown.checkpoint.size ? [seen, shown] : [shown, seen];
    const why = await this._compare(older, newer, newer === shown);
    if (why === 'unknown') {
      return false;
    }
    if (why !== null) {
      this._break(why, seen, shown);
    } else if (newer === shown) {
      store.keep({ seen: shown, broken });
    }
    return true;
  }

  private async _compare(
    older: CheckpointMessage,
    newer: CheckpointMessage,
    isGrowing: boolean
  ): Promise<Break | 'unknown' | null> {
    const { askForProof, subtle } = this._options;
    const [first, second] = [headOf(older.checkpoint), headOf(newer.checkpoint)];
    if (older.checkpoint.interview !== newer.checkpoint.interview) {
      return 'other';
    }
    if (first.size === second.size) {
      return first.root === second.root ? null : 'other';
    }
    const proof = await askForProof(first.size, second.size);
    if (proof === 'refused') {
      // A shorter record that cannot be proved to be an older one is a cut one. A longer
      // one that the room does not know (any more) is about to be followed by another.
      return isGrowing ? 'unknown' : 'shorter';
    }
    if (await verifyConsistency(first, second, proof.path, subtle)) {
      return null;
    }
    return isGrowing ? 'changed' : 'shorter';
  }

  private _break(why: Break, seen: CheckpointMessage, shown: CheckpointMessage): void {
    const at = new Date(this._options.nowMs()).toISOString();
    const broken: IBreak = { why, seen, shown, at, isTold: false };
    this._options.store.keep({ seen, broken });
    this._tell();
  }

  private _tell(): void {
    const { report, store } = this._options;
    const { seen, broken } = store.kept;
    if (broken === null || broken.isTold) {
      return;
    }
    const isTold = report({
      state: 'broken',
      seen: headOf(broken.seen.checkpoint),
      shown: headOf(broken.shown.checkpoint),
      detail: DETAIL[broken.why]
    });
    if (isTold) {
      store.keep({ seen, broken: { ...broken, isTold } });
    }
  }

  private readonly _options: IWitnessOptions;
  private readonly _waiting: CheckpointMessage[] = [];
  private _signed: Signed | null = null;
  private _unprovenSinceMs: number | null = null;
  private _working: Promise<void> = Promise.resolve();
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private readonly _changed = new Signal<this, void>(this);
}

/** For the record, which is in English. */
const DETAIL: Record<Break, string> = {
  changed: 'A later checkpoint does not go on from one that this browser saw.',
  shorter: 'The record is shorter than one that this browser saw, and no part of it.',
  other: 'Two checkpoints of the same size differ.'
};
