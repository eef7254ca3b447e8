/** How the last check of the notebook stands, and asking for another one. */

import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { ILive } from '../tokens';
import type { Check } from '../wire';

/** Asks the room for a check; rejects with words for the person who asked. */
export type AskForCheck = () => Promise<Check>;

/** What the check's panel shows. */
export class CheckModel {
  constructor(live: ILive, ask: AskForCheck) {
    this._ask = ask;
    this._check = live.check;
    live.heard('check').connect((_, { check }) => {
      this._check = check;
      this._problem = '';
      this._changed.emit();
    });
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** The check that runs, or else the last one; null when there was none. */
  get check(): Check | null {
    return this._check;
  }

  /** Why the room took no check the last time; empty when it did. */
  get problem(): string {
    return this._problem;
  }

  /** Whether another one can be asked for now. */
  get isFree(): boolean {
    return !this._isAsking && this._check?.state !== 'running';
  }

  /** Ask for a check; what becomes of it is told by the room. */
  async ask(): Promise<void> {
    if (!this.isFree) {
      return;
    }
    this._isAsking = true;
    this._problem = '';
    this._changed.emit();
    try {
      const check = await this._ask();
      // Its first news may have been faster than this answer.
      if (this._check?.check_id !== check.check_id) {
        this._check = check;
      }
    } catch (error) {
      this._problem = error instanceof Error ? error.message : String(error);
    } finally {
      this._isAsking = false;
      this._changed.emit();
    }
  }

  private readonly _ask: AskForCheck;
  private _check: Check | null;
  private _isAsking = false;
  private _problem = '';
  private readonly _changed = new Signal<this, void>(this);
}
