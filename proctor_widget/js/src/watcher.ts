/** Camera, sampler and detector as one thing that a page can start and stop. */
import { Camera } from './camera.js';
import { Detector, type Assets } from './detector.js';
import type { CameraEvent, DetectorEvent, Frame } from './generated/live.js';
import { Sampler } from './sampler.js';

export interface WatcherOptions {
  assets: Assets;
  /**
   * What was measured since the last call, about once a second between start() and
   * stop(); empty when there was nothing to measure, which is the page's heartbeat.
   * `dropped` counts pictures that came while the detector was busy.
   */
  onFrames(frames: Frame[], dropped: number): void;
  onCamera(event: CameraEvent): void;
  onDetector(event: DetectorEvent): void;
  /** Each measurement as it comes, also before start(): for a view on this page. */
  onFrame?(frame: Frame): void;
  /** The stream for such a view, or null when it ended. */
  onStream?(stream: MediaStream | null): void;
  /** Most pictures measured a second. */
  maxHz?: number;
  /** The page's monotonic clock in ms; the time base of every frame. */
  now?: () => number;
}

const BEAT_MS = 1000;
/** Two timers ask for a beat, the page's and the worker's; this keeps it one. */
const SHORTEST_BEAT_MS = 900;
/** The schema takes 30 frames a message. */
const FULL = 25;
const REASON_LENGTH = 200;

/**
 * Watches one person's camera.
 *
 * `open()` and `close()` rule the camera, `start()` and `stop()` what is reported.
 * A page without a camera may start() all the same: it then sends only heartbeats.
 */
export class Watcher {
  constructor(options: WatcherOptions) {
    this._options = options;
    this._now = options.now ?? (() => performance.now());
    this._camera = new Camera({
      onEvent: event => {
        options.onCamera(event);
      },
      onStream: stream => {
        this._detector?.forget();
        this._sampler.attach(stream);
        options.onStream?.(stream);
      }
    });
    this._sampler = new Sampler({
      maxHz: options.maxHz ?? 10,
      now: this._now,
      ready: () => this._detector?.idle ?? false,
      onPicture: (bitmap, at_ms) => {
        if (this._detector === null) {
          bitmap.close();
        } else {
          this._detector.measure(bitmap, at_ms);
        }
      },
      onDropped: () => {
        // While the detector loads nothing is dropped: nothing was promised yet.
        this._dropped += this._detector?.ready === true ? 1 : 0;
      }
    });
  }

  /** The stream for the person's own preview, while the camera is on. */
  get stream(): MediaStream | null {
    return this._camera.stream;
  }

  get started(): boolean {
    return this._timer !== null;
  }

  /**
   * Switch the camera on and begin to measure, for this page only until start().
   * The detector loads at the same time; onDetector tells when it is ready.
   * @throws CameraError when there is no camera or it was refused.
   */
  async open(): Promise<MediaStream> {
    const stream = await this._camera.open();
    this._wanted = true;
    if (this._detector === null || this._failed) {
      this._renewDetector();
    }
    this._detector?.load();
    return stream;
  }

  /** Switch the camera off at once: light, memory, and what was not sent yet. */
  close(): void {
    this._camera.close();
    this._pending = [];
    if (this._detector?.ready === true) {
      this._options.onDetector({ name: 'detector', state: 'stopped' });
    }
    this._wanted = false;
    this._endDetector();
    if (this.started) {
      // Its timer keeps the heartbeat of a hidden page; it holds no model.
      this._renewDetector();
    }
  }

  /** Begin to report. What was measured before stays on this page. */
  start(): void {
    if (this.started) {
      return;
    }
    this._pending = [];
    this._dropped = 0;
    this._lastBeat_ms = this._now();
    this._timer = setInterval(this._beat, BEAT_MS);
    if (this._detector === null) {
      this._renewDetector();
    }
  }

  /** End the reports and switch the camera off, at once. */
  stop(): void {
    if (this._timer !== null) {
      clearInterval(this._timer);
      this._timer = null;
    }
    this.close();
    this._endDetector();
  }

  /** stop(), for good. */
  dispose(): void {
    this.stop();
    this._camera.dispose();
  }

  private _renewDetector(): void {
    this._endDetector();
    this._detector = new Detector({
      assets: this._options.assets,
      onReady: () => {
        this._options.onDetector({ name: 'detector', state: 'ready' });
      },
      onFailed: reason => {
        this._onFailed(reason);
      },
      onFrame: frame => {
        this._onFrame(frame);
      },
      onTick: this._beat
    });
  }

  private _endDetector(): void {
    this._detector?.dispose();
    this._detector = null;
    this._failed = false;
  }

  private _onFailed(reason: string): void {
    const news = !this._failed;
    this._failed = true;
    // A worker that only keeps time may fail in silence: the page's timer is there.
    if (this._wanted && news) {
      this._options.onDetector({
        name: 'detector',
        state: 'failed',
        reason: reason.slice(0, REASON_LENGTH)
      });
    }
  }

  private _onFrame(frame: Frame | null): void {
    if (frame === null || this.stream === null) {
      return;
    }
    this._options.onFrame?.(frame);
    if (this.started) {
      this._pending.push(frame);
      if (this._pending.length >= FULL) {
        this._send();
      }
    }
  }

  private readonly _beat = (): void => {
    if (this.started && this._now() - this._lastBeat_ms >= SHORTEST_BEAT_MS) {
      this._send();
    }
  };

  private _send(): void {
    const frames = this._pending;
    const dropped = this._dropped;
    this._pending = [];
    this._dropped = 0;
    this._lastBeat_ms = this._now();
    this._options.onFrames(frames, dropped);
  }

  private readonly _options: WatcherOptions;
  private readonly _now: () => number;
  private readonly _camera: Camera;
  private readonly _sampler: Sampler;
  private _detector: Detector | null = null;
  /** Whether the detector is wanted for pictures, and whether it cannot. */
  private _wanted = false;
  private _failed = false;
  private _timer: ReturnType<typeof setInterval> | null = null;
  private _pending: Frame[] = [];
  private _dropped = 0;
  private _lastBeat_ms = 0;
}
