/** Takes pictures off a stream, each at most once, and only so many a second. */
import { mayMeasure, PAINT_MS } from './turn.js';

export interface SamplerOptions {
  /** How many pictures a second to take now. */
  rate_hz(): number;
  now(): number;
  /** Whether a picture could be taken care of; a picture refused here is dropped. */
  ready(): boolean;
  /** The picture is the receiver's, to close. */
  onPicture(bitmap: ImageBitmap, at_ms: number): void;
  onDropped(): void;
}

/** Where frame callbacks are missing, look this much oftener than is wanted. */
const POLL_FACTOR = 2;

/**
 * Plays a stream in a video element of its own, which is never shown.
 *
 * createImageBitmap, because in Chromium the detector finds no face in video elements
 * and VideoFrames of a track that the browser scales itself. A hidden page yields no
 * pictures.
 */
export class Sampler {
  constructor(options: SamplerOptions) {
    this._options = options;
    this._video.muted = true;
    this._video.playsInline = true;
  }

  /** Sample this stream instead of the one before; null ends it. */
  attach(stream: MediaStream | null): void {
    this._run++;
    this._nextAt_ms = -Infinity;
    this._lastTime_s = -1;
    this._video.srcObject = stream;
    clearTimeout(this._afterKey);
    document.removeEventListener('keydown', this._onKey, true);
    if (stream !== null) {
      document.addEventListener('keydown', this._onKey, true);
      const run = this._run;
      // Rejected when the stream is replaced while it starts: nothing to do then.
      this._video.play().catch((_error: unknown) => undefined);
      this._schedule(run);
    }
  }

  private _schedule(run: number): void {
    const step = (): void => {
      if (run === this._run) {
        this._sample(run);
        this._schedule(run);
      }
    };
    if ('requestVideoFrameCallback' in this._video) {
      this._video.requestVideoFrameCallback(step);
    } else {
      setTimeout(step, 1000 / this._options.rate_hz() / POLL_FACTOR);
    }
  }

  private _sample(run: number): void {
    const at_ms = this._options.now();
    const time_s = this._video.currentTime;
    const isNew = time_s !== this._lastTime_s && this._video.videoWidth > 0;
    if (!isNew || document.hidden || at_ms < this._nextAt_ms) {
      return;
    }
    if (!mayMeasure(at_ms, this._key_ms, this._nextAt_ms)) {
      return; // It stays due.
    }
    this._lastTime_s = time_s;
    if (this._taking || !this._options.ready()) {
      // Due, but busy. It stays due: the next one is taken as soon as it can be.
      this._options.onDropped();
      return;
    }
    this._nextAt_ms = this._following(at_ms);
    this._taking = true;
    createImageBitmap(this._video)
      .then(
        bitmap => {
          if (run === this._run) {
            this._options.onPicture(bitmap, at_ms);
          } else {
            bitmap.close();
          }
        },
        (_error: unknown) => {
          // The stream ended under our hands.
          this._options.onDropped();
        }
      )
      .finally(() => {
        this._taking = false;
      });
  }

  /**
   * When the next picture is due. Counted from the due time and not from this frame,
   * else a 15 Hz camera sampled at 10 Hz would come out at 7.5.
   */
  private _following(at_ms: number): number {
    const period_ms = 1000 / this._options.rate_hz();
    return Math.max(this._nextAt_ms + period_ms, at_ms + period_ms / 2);
  }

  private readonly _onKey = (): void => {
    this._key_ms = this._options.now();
    clearTimeout(this._afterKey);
    this._afterKey = setTimeout(() => {
      this._sample(this._run);
    }, PAINT_MS);
  };

  private readonly _options: SamplerOptions;
  private readonly _video = document.createElement('video');
  private _run = 0;
  private _nextAt_ms = -Infinity;
  private _lastTime_s = -1;
  private _taking = false;
  private _key_ms = -Infinity;
  private _afterKey: ReturnType<typeof setTimeout> | undefined;
}
