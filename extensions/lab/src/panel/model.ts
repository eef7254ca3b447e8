/** What the interviewers' panel shows: the room's messages, folded. */

import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { ILive } from '../tokens';
import type {
  Calibration,
  Comment,
  Episode,
  Flag,
  KernelMessage,
  Person,
  Sensor,
  SensorState,
  Warning,
  Watching,
  Welcome
} from '../wire';

/** One line of the list. A flag takes the place of the warning of its episode. */
export type Finding =
  | { readonly kind: 'flag'; readonly at: string; readonly flag: Flag }
  | {
      readonly kind: 'warning';
      readonly at: string;
      readonly warning: Warning;
      readonly isOver: boolean;
    };

/** Folds the live messages into what is shown now. */
export class PanelModel {
  constructor(live: ILive) {
    if (live.welcome !== null) {
      this._take(live.welcome);
    }
    live.welcomed.connect((_, welcome) => {
      this._take(welcome);
    });
    live.heard('flag').connect((_, { flag }) => {
      this._flags.set(flag.episode_id, flag);
      this._changed.emit();
    });
    live.heard('warning').connect((_, { warning }) => {
      this._warnings.set(warning.episode_id, warning);
      this._over.delete(warning.episode_id);
      this._changed.emit();
    });
    live.heard('warning_cleared').connect((_, { episode_id }) => {
      this._over.add(episode_id);
      this._changed.emit();
    });
    live.heard('episode').connect((_, { episode }) => {
      this._episodes.set(episode.episode_id, episode);
      this._changed.emit();
    });
    live.heard('comment').connect((_, { comment }) => {
      this._comments = [...this._comments, comment];
      this._changed.emit();
    });
    live.heard('calibration').connect((_, { calibration }) => {
      if (calibration.rehearsal !== true) {
        this._calibration = calibration;
        this._changed.emit();
      }
    });
    live.heard('watching').connect((_, { watching }) => {
      this._watching = watching;
      this._changed.emit();
    });
    live.heard('sensor').connect((_, { sensor }) => {
      this._sensors.set(sensor.sensor, sensor);
      this._changed.emit();
    });
    live.heard('people').connect((_, { people }) => {
      this._people = people;
      this._changed.emit();
    });
    live.heard('kernel').connect((_, kernel) => {
      this._kernel = kernel;
      this._changed.emit();
    });
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Flags and warnings, newest first. */
  get findings(): Finding[] {
    const flags = [...this._flags.values()].map((flag): Finding => ({
      kind: 'flag',
      at: flag.flagged_at,
      flag
    }));
    const warnings = [...this._warnings.values()]
      .filter(
        ({ episode_id }) =>
          !this._flags.has(episode_id) && !this._episodes.has(episode_id)
      )
      .map((warning): Finding => ({
        kind: 'warning',
        at: warning.at,
        warning,
        isOver: this._over.has(warning.episode_id)
      }));
    return [...flags, ...warnings].sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
  }

  get flagCount(): number {
    return this._flags.size;
  }

  /** What ended without a flag and does not count, newest first. */
  get episodes(): Episode[] {
    return [...this._episodes.values()].sort(
      (a, b) => Date.parse(b.started_at) - Date.parse(a.started_at)
    );
  }

  /** The candidate's words about one finding, or with null about the whole. */
  commentsOn(episodeId: string | null): Comment[] {
    return this._comments.filter(({ episode_id }) => episode_id === episodeId);
  }

  /** Null before there was one. */
  get calibration(): Calibration | null {
    return this._calibration;
  }

  get watching(): Watching {
    return this._watching;
  }

  get people(): readonly Person[] {
    return this._people;
  }

  /** Null before there was a kernel in this room. */
  get kernel(): KernelMessage | null {
    return this._kernel;
  }

  sensor(sensor: Sensor): SensorState | undefined {
    return this._sensors.get(sensor);
  }

  private _take(welcome: Welcome): void {
    this._flags = new Map(welcome.flags.map(flag => [flag.episode_id, flag]));
    // Whether an old warning still holds is not told. One that lasts becomes a flag
    // within seconds, so those that this page did not hear itself count as over.
    for (const warning of welcome.warnings) {
      if (!this._warnings.has(warning.episode_id)) {
        this._over.add(warning.episode_id);
      }
      this._warnings.set(warning.episode_id, warning);
    }
    this._episodes = new Map(welcome.episodes.map(each => [each.episode_id, each]));
    this._comments = welcome.comments;
    this._calibration = welcome.calibration;
    this._watching = welcome.watching;
    this._sensors = new Map(welcome.sensors.map(each => [each.sensor, each]));
    this._people = welcome.people;
    this._kernel = welcome.kernel;
    this._changed.emit();
  }

  private _flags = new Map<string, Flag>();
  private readonly _warnings = new Map<string, Warning>();
  private readonly _over = new Set<string>();
  private _episodes = new Map<string, Episode>();
  private _comments: readonly Comment[] = [];
  private _calibration: Calibration | null = null;
  private _watching: Watching = { paused: false, paused_by: null, allows: [] };
  private _sensors = new Map<Sensor, SensorState>();
  private _people: readonly Person[] = [];
  private _kernel: KernelMessage | null = null;
  private readonly _changed = new Signal<this, void>(this);
}
