/** Whether the candidate's page is the one that counts, and how to make it so. */

import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { ILive } from '../tokens';

/**
 * `here` this page counts; `elsewhere` another one did before this one came; `gone` the
 * person went on in another one; `asking` this page asked to be the one.
 */
export type Place = 'here' | 'elsewhere' | 'gone' | 'asking';

/** Follows the lease of a candidate's page. */
export class ElsewhereModel {
  constructor(private readonly _live: ILive) {
    this._wasHere = _live.welcome !== null && _live.isActive;
    _live.welcomed.connect(() => {
      this._update();
    });
    _live.heard('lease').connect(() => {
      this._update();
    });
    _live.heard('state').connect(() => {
      this._update();
    });
    _live.heard('problem').connect((_, { client_seq }) => {
      // Moved just before, perhaps by the other page: the person may ask again.
      if (this._isAsking && client_seq === undefined) {
        this._isAsking = false;
        this._isUnheard = true;
        this._changed.emit();
      }
    });
    _live.statusChanged.connect(() => {
      if (_live.status !== 'online') {
        this._isAsking = false; // nobody will answer that
      }
      this._changed.emit();
    });
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get place(): Place {
    const { isActive, welcome } = this._live;
    // After the end nothing counts any more, so that every page may be read.
    if (isActive || welcome?.state === 'ended') {
      return 'here';
    }
    if (this._isAsking) {
      return 'asking';
    }
    return this._wasHere ? 'gone' : 'elsewhere';
  }

  /** Whether the room did not do what was last wished. */
  get isUnheard(): boolean {
    return this._isUnheard;
  }

  /** The person wants to go on here. */
  goOnHere(): void {
    this._isAsking = this._live.takeLease();
    this._isUnheard = !this._isAsking;
    this._changed.emit();
  }

  private _update(): void {
    this._isAsking = this._isUnheard = false;
    this._wasHere ||= this._live.isActive;
    this._changed.emit();
  }

  private _wasHere: boolean;
  private _isAsking = false;
  private _isUnheard = false;
  private readonly _changed = new Signal<this, void>(this);
}
