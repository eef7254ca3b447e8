/** What this browser saw of a room's record, kept for as long as the browser keeps it. */

import type { CheckpointMessage, TreeHead } from '../wire';
import { isTreeHead } from './tree';

/** Why what the room shows now is not what it showed before. */
export type Break =
  /** What was added behind does not go on from what was there. */
  | 'changed'
  /** The record is shorter than it was. */
  | 'shorter'
  /** The same number of records, and others. */
  | 'other';

/** A break: what was seen before, and what was shown after it. */
export interface IBreak {
  readonly why: Break;
  readonly seen: CheckpointMessage;
  readonly shown: CheckpointMessage;
  /** By this browser's clock, ISO 8601. */
  readonly at: string;
  /** Whether the room was told of it. */
  readonly isTold: boolean;
}

/** What is kept of one interview. */
export interface IKeptWitness {
  /** The newest checkpoint that extends all before it; null before the first. */
  readonly seen: CheckpointMessage | null;
  /** The first break; it stays. */
  readonly broken: IBreak | null;
}

/** The part of localStorage that is used here. */
export type IPlace = Pick<Storage, 'getItem' | 'setItem'>;

const NOTHING: IKeptWitness = { seen: null, broken: null };

/** Keeps it in the browser, or on this page alone where the browser keeps nothing. */
export class WitnessStore {
  /** @param name - One for each interview and person. */
  constructor(
    private readonly _place: IPlace | null,
    private readonly _name: string
  ) {
    this._kept = this._load();
  }

  get kept(): IKeptWitness {
    return this._kept;
  }

  keep(kept: IKeptWitness): void {
    this._kept = kept;
    try {
      this._place?.setItem(this._name, JSON.stringify(kept));
    } catch (error) {
      console.warn('This browser keeps no checkpoint over a reload:', error);
    }
  }

  /** Another tab of this browser may have seen more meanwhile. */
  refresh(): IKeptWitness {
    const stored = this._load();
    if (sizeOf(stored) > sizeOf(this._kept) || stored.broken !== null) {
      this._kept = stored;
    }
    return this._kept;
  }

  private _load(): IKeptWitness {
    try {
      const text = this._place?.getItem(this._name) ?? null;
      const kept = text === null ? NOTHING : (JSON.parse(text) as IKeptWitness);
      return isKept(kept) ? kept : NOTHING;
    } catch {
      return NOTHING; // not ours, or the browser refuses
    }
  }

  private _kept: IKeptWitness;
}

function sizeOf(kept: IKeptWitness): number {
  return kept.seen?.checkpoint.size ?? 0;
}

function isKept(kept: Partial<IKeptWitness> | null): kept is IKeptWitness {
  const isSeen = (message: CheckpointMessage | null | undefined): boolean =>
    message === null || (message !== undefined && isTreeHead(message.checkpoint));
  return (
    kept !== null &&
    isSeen(kept.seen) &&
    (kept.broken === null ||
      (kept.broken !== undefined &&
        headIsThere(kept.broken.seen) &&
        headIsThere(kept.broken.shown)))
  );
}

function headIsThere(message: { checkpoint: TreeHead } | undefined): boolean {
  return message !== undefined && isTreeHead(message.checkpoint);
}
