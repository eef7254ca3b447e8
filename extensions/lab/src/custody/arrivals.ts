/** Applies what others wrote, many updates at once when many come. */

import * as Y from 'yjs';

/** A page draws no more often than this. */
const FRAME_MS = 16;

/**
 * The first update after a pause is applied at once; what follows within a frame waits and
 * is applied together, so that a page to which thousands come draws them in a few steps.
 */
export class Arrivals {
  /**
   * @param doc - The document to apply them to.
   * @param origin - Whom the changes are said to come from.
   */
  constructor(
    private readonly _doc: Y.Doc,
    private readonly _origin: unknown
  ) {}

  /** Take one update. */
  take(update: Uint8Array): void {
    if (this._timer !== undefined) {
      this._waiting.push(update);
      return;
    }
    this._timer = setTimeout(() => {
      this._timer = undefined;
      this.flush();
    }, FRAME_MS);
    Y.applyUpdate(this._doc, update, this._origin);
  }

  /** Apply what waits now. */
  flush(): void {
    const waiting = this._waiting;
    if (waiting.length > 0) {
      this._waiting = [];
      this._doc.transact(() => {
        for (const update of waiting) {
          Y.applyUpdate(this._doc, update, this._origin);
        }
      }, this._origin);
    }
  }

  /** Apply nothing more. */
  dispose(): void {
    clearTimeout(this._timer);
    this._timer = undefined;
    this._waiting = [];
  }

  private _waiting: Uint8Array[] = [];
  private _timer: ReturnType<typeof setTimeout> | undefined;
}
