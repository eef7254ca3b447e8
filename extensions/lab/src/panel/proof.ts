/** Whether somebody watches, and whether it is kept: gaps, pages and storage, folded. */

import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { ILive } from '../tokens';
import type { Gap, Lease, StorageMessage, Welcome } from '../wire';

/** Folds what the room says of its own watching into what is shown now. */
export class ProofModel {
  constructor(private readonly _live: ILive) {
    if (_live.welcome !== null) {
      this._take(_live.welcome);
    }
    _live.welcomed.connect((_, welcome) => {
      this._take(welcome);
    });
    _live.heard('gap').connect((_, { gap }) => {
      this._gaps.set(gap.gap_id, gap);
      this._changed.emit();
    });
    _live.heard('lease').connect((_, { active, pages }) => {
      this._lease = { active, pages };
      this._changed.emit();
    });
    _live.heard('storage').connect((_, storage) => {
      this._storage = storage;
      this._changed.emit();
    });
    _live.statusChanged.connect(() => {
      this._changed.emit();
    });
    _live.heard('state').connect(() => {
      this._changed.emit();
    });
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Whether this page hears its room; else what is shown is what was last known. */
  get isConnected(): boolean {
    return this._live.status === 'online';
  }

  /** Whether the interview is over, and nothing is watched any more. */
  get hasEnded(): boolean {
    return this._live.welcome?.state === 'ended';
  }

  /** Stretches without proof of watching, newest first. */
  get gaps(): Gap[] {
    return [...this._gaps.values()].sort(
      (a, b) => Date.parse(b.started_at) - Date.parse(a.started_at)
    );
  }

  /** The one that goes on now; a page that says nothing before a camera that shows nothing. */
  get openGap(): Gap | null {
    const open = this.gaps.filter(isOpenGap);
    return open.find(({ cause }) => cause !== 'camera') ?? open.at(0) ?? null;
  }

  /** Null before the room said so. */
  get lease(): Lease | null {
    return this._lease;
  }

  /** Null while all is well. */
  get storage(): StorageMessage | null {
    return this._storage?.state === 'ok' ? null : this._storage;
  }

  private _take(welcome: Welcome): void {
    this._gaps = new Map((welcome.gaps ?? []).map(gap => [gap.gap_id, gap]));
    this._lease = welcome.lease ?? null;
    this._storage = welcome.storage ?? null;
    this._changed.emit();
  }

  private _gaps = new Map<string, Gap>();
  private _lease: Lease | null = null;
  private _storage: StorageMessage | null = null;
  private readonly _changed = new Signal<this, void>(this);
}

/** Whether it goes on. */
export function isOpenGap(gap: Gap): boolean {
  return gap.ended_at === null;
}

/** How long a gap was, or is so far, in seconds. */
export function gapSeconds(gap: Gap, nowMs: number): number {
  const end = gap.ended_at === null ? nowMs : Date.parse(gap.ended_at);
  return Math.max(0, (end - Date.parse(gap.started_at)) / 1000);
}

/** How long there was no proof of watching in all, in seconds; gaps may overlap. */
export function unprovedSeconds(gaps: readonly Gap[], nowMs: number): number {
  const spans = gaps
    .map(gap => {
      const startS = Date.parse(gap.started_at) / 1000;
      return { startS, endS: startS + gapSeconds(gap, nowMs) };
    })
    .sort((a, b) => a.startS - b.startS);
  let [sum, untilS] = [0, -Infinity];
  for (const { startS, endS } of spans) {
    sum += Math.max(0, endS - Math.max(startS, untilS));
    untilS = Math.max(untilS, endS);
  }
  return sum;
}
