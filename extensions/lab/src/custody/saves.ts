/** JupyterLab's wish to have the notebook's file written, and the room's answers. */

import { PromiseDelegate } from '@lumino/coreutils';

/** Saves that wait for their answer; without a connection, they wait for one. */
export class Saves {
  /** A new one: its id, and what resolves when the file is written. */
  begin(): { id: number; done: Promise<void> } {
    const delegate = new PromiseDelegate<void>();
    this._lastId += 1;
    this._waiting.set(this._lastId, delegate);
    return { id: this._lastId, done: delegate.promise };
  }

  /** Those without an answer. */
  get waiting(): number[] {
    return [...this._waiting.keys()];
  }

  /** The room's answer: `success`, `failed`, or `skipped` when it is being written. */
  answer(id: number, status: unknown): void {
    const delegate = this._waiting.get(id);
    this._waiting.delete(id);
    if (status === 'failed') {
      delegate?.reject(new Error('The room could not write the notebook’s file.'));
    } else {
      delegate?.resolve();
    }
  }

  /** Nobody waits any more: the room writes the file by itself too. */
  end(): void {
    for (const delegate of this._waiting.values()) {
      delegate.resolve();
    }
    this._waiting.clear();
  }

  private _lastId = 0;
  private readonly _waiting = new Map<number, PromiseDelegate<void>>();
}
