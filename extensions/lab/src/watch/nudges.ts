/** Nudges: a quiet line on their own page, when the person pauses, and gone by itself. */

import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { Warning } from '../wire';

/** So long without a key is a pause. */
const PAUSE_MS = 1_500;
/** A nudge waits for a pause no longer than this. */
const LATEST_MS = 5_000;
/** How long it is shown. It stays in the candidate's own log. */
const SHOWN_MS = 10_000;
/** How often to look again for a page that is not in front. */
const AGAIN_MS = 1_000;

export interface INudgesOptions {
  nowMs: () => number;
  /** When a key was pressed last. */
  lastKeyAtMs: () => number;
  /** Whether the page is in front: nobody reads a hidden one. */
  isVisible: () => boolean;
}

/** Holds a nudge back until it disturbs least. One is shown at a time. */
export class Nudges {
  constructor(private readonly _options: INudgesOptions) {}

  /** The one that is shown now. */
  get shown(): Warning | null {
    return this._shown;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  add(nudge: Warning): void {
    this._waiting = { nudge, cameAtMs: this._options.nowMs() };
    this._wait();
  }

  /** What it was about is over, or was said louder. */
  clear(episode: string): void {
    if (this._waiting?.nudge.episode_id === episode) {
      this._waiting = null;
      clearTimeout(this._waitTimer);
    }
    if (this._shown?.episode_id === episode) {
      this._show(null);
    }
  }

  private readonly _wait = (): void => {
    clearTimeout(this._waitTimer);
    if (this._waiting === null) {
      return;
    }
    const { nudge, cameAtMs } = this._waiting;
    const { nowMs, lastKeyAtMs, isVisible } = this._options;
    const dueMs = Math.min(lastKeyAtMs() + PAUSE_MS, cameAtMs + LATEST_MS);
    const leftMs = Math.max(dueMs - nowMs(), isVisible() ? 0 : AGAIN_MS);
    if (leftMs <= 0) {
      this._waiting = null;
      this._show(nudge);
    } else {
      this._waitTimer = setTimeout(this._wait, leftMs);
    }
  };

  private _show(nudge: Warning | null): void {
    clearTimeout(this._shownTimer);
    this._shown = nudge;
    if (nudge !== null) {
      this._shownTimer = setTimeout(() => {
        this._show(null);
      }, SHOWN_MS);
    }
    this._changed.emit();
  }

  private _waiting: { nudge: Warning; cameAtMs: number } | null = null;
  private _shown: Warning | null = null;
  private _waitTimer: ReturnType<typeof setTimeout> | undefined;
  private _shownTimer: ReturnType<typeof setTimeout> | undefined;
  private readonly _changed = new Signal<this, void>(this);
}

/** When a key was pressed last on this page, and nothing else of it. */
export function keyClock(page: Document, nowMs: () => number): () => number {
  let lastMs = -Infinity;
  page.addEventListener(
    'keydown',
    () => {
      lastMs = nowMs();
    },
    { capture: true, passive: true }
  );
  return () => lastMs;
}
