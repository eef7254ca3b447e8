/** Messages between a page and its measuring worker. Both ends are ours. */
import type { Frame } from './generated/live.js';

export type ToWorker =
  /** Load the detector. All URLs are absolute. */
  | { type: 'load'; wasmUrl: string; modelUrl: string; personModelUrl: string }
  /** Measure one picture; answered by exactly one `frame`. The bitmap is transferred. */
  | { type: 'frame'; bitmap: ImageBitmap; at_ms: number }
  /** Say by this port how many pictures were measured (`Counted`); it is transferred. */
  | { type: 'counts'; port: MessagePort }
  /** Forget the picture before: the next one comes from another stream. */
  | { type: 'forget' }
  /** Whether each picture is answered by a `mesh` too, for the person's own view. */
  | { type: 'mesh'; on: boolean };

export type FromWorker =
  | { type: 'ready' }
  /** The detector cannot work here; the reason is one sentence for a person. */
  | { type: 'failed'; reason: string }
  /** null: the first picture of a stream, which only serves to compare the second. */
  | { type: 'frame'; frame: Frame | null; busy_ms: number }
  /** Before the picture's `frame`, while it is on; `meshPoints` says what is in it. */
  | { type: 'mesh'; points: Float32Array }
  /** Once a second, also while the page is hidden and its own timers are slowed. */
  | { type: 'tick' };
