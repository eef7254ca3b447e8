/** What the camera measures at this moment, for the candidate's own eyes. */

import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';
import type { MeshView } from '@nbinterview/proctor';

import type { Frame } from '../wire';

/** How often the words about the last frame change: they are read, not watched. */
const WORDS_EVERY_MS = 1_000;

/** The measurement's present: the last frame, and how often there is one. */
export class NowModel {
  /** @param mesh - The picture with the mesh over it. */
  constructor(readonly mesh: MeshView) {}

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Null while there is no picture. */
  get frame(): Frame | null {
    return this._frame;
  }

  /** Measurements a second; null before one was told. */
  get rateHz(): number | null {
    return this._rateHz;
  }

  showFrame(frame: Frame, nowMs: number): void {
    this._frame = frame;
    this.mesh.showFrame(frame);
    if (nowMs - this._saidAtMs >= WORDS_EVERY_MS) {
      this._saidAtMs = nowMs;
      this._changed.emit();
    }
  }

  showRate(rateHz: number | undefined): void {
    this._rateHz = rateHz ?? null;
  }

  showStream(stream: MediaStream | null): void {
    this._frame = null;
    this.mesh.showStream(stream);
    this._changed.emit();
  }

  private _frame: Frame | null = null;
  private _rateHz: number | null = null;
  private _saidAtMs = -Infinity;
  private readonly _changed = new Signal<this, void>(this);
}
