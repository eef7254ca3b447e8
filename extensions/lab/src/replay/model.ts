/** The film of this interview, as far as it was read. */

import type { Film } from '@nbinterview/replay';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

export type ReplayState = 'unread' | 'reading' | 'shown' | 'failed';

/** Reads the film from the room, and again when asked. */
export class ReplayModel {
  /** @param read - asks the room; rejects with words for the reader. */
  constructor(private readonly _read: () => Promise<Film>) {}

  /** Another state, or another film. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get state(): ReplayState {
    return this._state;
  }

  /** The film as it was last read; null before the first time. */
  get film(): Film | null {
    return this._film;
  }

  /** Why it could not be read, for the reader. */
  get problem(): string {
    return this._problem;
  }

  /** Read what is there now. Who asks meanwhile waits for the same answer. */
  load(): Promise<void> {
    this._reading ??= this._load().finally(() => {
      this._reading = null;
    });
    return this._reading;
  }

  /** The moment in the film of a time of day, read anew when the film ends before it. */
  async momentOf(at: string): Promise<number | null> {
    if (this._film === null || since(this._film, at) > this._film.duration_ms) {
      await this.load();
    }
    if (this._film === null) {
      return null;
    }
    return Math.min(Math.max(since(this._film, at), 0), this._film.duration_ms);
  }

  private async _load(): Promise<void> {
    this._become('reading');
    try {
      this._film = await this._read();
      this._become('shown');
    } catch (error) {
      this._problem = error instanceof Error ? error.message : String(error);
      this._become('failed');
    }
  }

  private _become(state: ReplayState): void {
    this._state = state;
    this._changed.emit();
  }

  private _state: ReplayState = 'unread';
  private _film: Film | null = null;
  private _problem = '';
  private _reading: Promise<void> | null = null;
  private readonly _changed = new Signal<this, void>(this);
}

function since(film: Film, at: string): number {
  return Date.parse(at) - Date.parse(film.started_at);
}
