/** What the kernel and a page of `ProctorWidget` say to each other. */
import type { Calibration, ClientEvent, Frame, SensorState } from './generated/live.js';

/** What the kernel and this page share. */
export interface Traits {
  /** Version of nbinterview in the kernel; part of the assets' address. */
  version: string;
  /** Where worker, WASM and models are; empty: of this Jupyter server. */
  assets_url: string;
  /** What can be chosen; empty where the kernel chose rules of its own. */
  policies: { name: string; title: string }[];
  policy: string;
  /** The kernel asks for the camera. */
  asked: boolean;
  state: 'off' | 'starting' | 'measuring' | 'denied' | 'missing' | 'lost' | 'failed';
  detail: string;
}

/** The part of anywidget's model that is used here. */
export interface Model {
  get<K extends keyof Traits>(key: K): Traits[K];
  set<K extends keyof Traits>(key: K, value: Traits[K]): void;
  save_changes(): void;
  send(content: ToKernel): void;
  on(event: 'msg:custom', callback: (message: FromKernel) => void): void;
  on(event: `change:${keyof Traits}`, callback: () => void): void;
  off(event: string, callback: (...args: never[]) => void): void;
}

/** A finding of the kernel's engine; times as ISO 8601. */
export interface Finding {
  episode_id: string;
  rule: string;
  title: string;
  level: 'episode' | 'nudge' | 'warning' | 'flag';
  text: string;
  started_at: string;
  ended_at: string | null;
  because: string;
  evidence: Record<string, number | string | boolean>;
}

/** All that the engine knows now; the newest replaces what was told before. */
export interface Told {
  type: 'told';
  findings: Finding[];
  sensors: Record<string, SensorState>;
  calibration: Calibration | null;
}

export type FromKernel = Told | { type: 'stop' };

export type ToKernel =
  | {
      type: 'frames';
      frames: Frame[];
      dropped: number;
      rate_hz: number;
      monotonic_ms: number;
    }
  | { type: 'event'; event: ClientEvent; monotonic_ms: number }
  /** A page was opened and wants to know what is known. */
  | { type: 'hello' };
