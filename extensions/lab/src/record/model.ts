/** The candidate's own record, live: what was said to them and what was noted of them. */

import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { ILive } from '../tokens';
import type { Comment, Episode, Flag, Receipt, Rule, Warning, Welcome } from '../wire';

/** How far a finding went, or why it did not count. */
export type Outcome = 'nudge' | 'warning' | 'flag' | Episode['because'];

/** One finding, with the last word on it. */
export interface IEntry {
  readonly episodeId: string;
  readonly rule: Rule;
  readonly at: string;
  readonly outcome: Outcome;
  /** What the candidate was told, else the finding's name. */
  readonly text: string;
  readonly evidence: Flag['evidence'];
  readonly comments: readonly Comment[];
}

/** The messages that change something here. */
const FOLLOWED = [
  'nudge',
  'warning',
  'flag',
  'episode',
  'comment',
  'calibration',
  'watching',
  'sensor',
  'lease',
  'state'
] as const;

/** Folds the live messages into the candidate's own log. */
export class RecordModel {
  constructor(private readonly _live: ILive) {
    const emit = (): void => {
      this._changed.emit();
    };
    _live.welcomed.connect(emit);
    _live.statusChanged.connect(emit);
    _live.heard('receipt').connect((_, { receipt }) => {
      this._receipt = receipt;
      emit();
    });
    for (const kind of FOLLOWED) {
      _live.heard(kind).connect(emit);
    }
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get room(): Welcome | null {
    return this._live.welcome;
  }

  /** Whether this page reaches its room. */
  get isConnected(): boolean {
    return this._live.status === 'online';
  }

  /** What the candidate takes along; null before the end. */
  get receipt(): Receipt | null {
    return this._receipt;
  }

  /** Newest first. */
  get entries(): IEntry[] {
    return this.room === null ? [] : entriesOf(this.room);
  }

  /** What was said to the interview as a whole. */
  get comments(): Comment[] {
    return (this.room?.comments ?? []).filter(({ episode_id }) => episode_id === null);
  }

  /** Answer one finding, or with null the whole. Kept until the room has it. */
  comment(episodeId: string | null, text: string): void {
    this._live.record({
      name: 'comment',
      text,
      ...(episodeId !== null && { episode_id: episodeId })
    });
  }

  private _receipt: Receipt | null = null;
  private readonly _changed = new Signal<this, void>(this);
}

/** Each finding once: a flag over a warning over a nudge, and the end over all of them. */
export function entriesOf(room: Welcome): IEntry[] {
  const found = new Map<string, IEntry>();
  const put = (
    said: Warning | Flag | Episode,
    at: string,
    outcome: Outcome,
    evidence: Flag['evidence'] = {}
  ): void => {
    const before = found.get(said.episode_id);
    found.set(said.episode_id, {
      episodeId: said.episode_id,
      rule: said.rule,
      at: before?.at ?? at,
      outcome,
      text: 'title' in said ? said.title : said.text,
      evidence,
      comments: room.comments.filter(({ episode_id }) => episode_id === said.episode_id)
    });
  };
  for (const nudge of room.nudges) {
    put(nudge, nudge.at, 'nudge');
  }
  for (const warning of room.warnings) {
    put(warning, warning.at, 'warning');
  }
  for (const flag of room.flags) {
    put(flag, flag.started_at, 'flag', flag.evidence);
  }
  for (const episode of room.episodes) {
    put(episode, episode.started_at, episode.because, episode.evidence);
  }
  return [...found.values()].sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
}
