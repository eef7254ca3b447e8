/** Camera, sampler and detector as one thing that a page can start and stop. */
import { Camera } from './camera.js';
import { Detector, type Assets } from './detector.js';
import type { CameraEvent, DetectorEvent, Frame } from './generated/live.js';
import { Pace } from './pace.js';
import { Sampler } from './sampler.js';

export interface WatcherOptions {
  assets: Assets;
  /**
   * Between start() and stop(): a frame at once when it was measured, and none at all
   * after a second without one, which is the page's heartbeat. `dropped` counts
   * pictures since the last call that came while the detector was busy. `rate_hz` is
   * how often it measures now, less on a slow device; undefined without a camera.
   */
  onFrames(frames: Frame[], dropped: number, rate_hz: number | undefined): void;
  onCamera(event: CameraEvent): void;
  onDetector(event: DetectorEvent): void;
  /** Each measurement as it comes, also before start(): for a view on this page. */
  onFrame?(frame: Frame): void;
  /** The stream for such a view, or null when it ended. */
  onStream?(stream: MediaStream | null): void;
  /**
   * Gives a port by which the detector's worker says what it counts, each time there is
   * another detector. Absent: nobody counts.
   */
  countTo?(): MessagePort;
  /** A picture was dropped, told at once. */
  onDropped?(): void;
  /** Most pictures measured a second; a slow device measures fewer, down to 2. */
  maxHz?: number;
  /** The page's monotonic clock in ms; the time base of every frame. */
  now?: () => number;
}

const BEAT_MS = 1000;
/** Two timers ask for a beat, the page's and the worker's; this keeps it one. */
const SHORTEST_BEAT_MS = 900;
const REASON_LENGTH = 200;
/** A detector that answered nothing for so long, while so many pictures came, is gone. */
const STUCK_MS = 10_000;
const STUCK_PICTURES = 50;

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
      rate_hz: () => this._pace.rate_hz,
      now: this._now,
      ready: () => this._detector?.idle ?? false,
      onPicture: (bitmap, at_ms) => {
        if (this._detector === null) {
          bitmap.close();
        } else {
          this._handed_ms = this._now();
          this._missed = 0;
          this._detector.measure(bitmap, at_ms);
        }
      },
      onDropped: () => {
        // While the detector loads nothing is dropped: nothing was promised yet.
        if (this._detector?.ready === true) {
          this._drop();
        }
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

  /** Switch the camera off at once: its light, and the memory of what measures. */
  close(): void {
    this._camera.close();
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

  /**
   * Hand over the largest face of each picture, as `MeshView` draws it; null ends it.
   * For the person's own view on this page: the points are in no report, ever.
   * @param listener - gets x, y pairs in shares of the picture; none without a face.
   */
  showMesh(listener: ((points: Float32Array) => void) | null): void {
    this._onMesh = listener;
    this._detector?.showMesh(listener !== null);
  }

  /** Tell what is counted by another port of `countTo`: whoever listened is gone. */
  recount(): void {
    if (this._options.countTo !== undefined) {
      this._detector?.countTo(this._options.countTo());
    }
  }

  /** Begin to report. What was measured before stays on this page. */
  start(): void {
    if (this.started) {
      return;
    }
    this._dropped = 0;
    this._lastSent_ms = this._now();
    this._timer = setTimeout(this._beat, BEAT_MS);
    if (this._detector === null) {
      this._renewDetector();
    }
  }

  /** End the reports and switch the camera off, at once. */
  stop(): void {
    if (this._timer !== null) {
      clearTimeout(this._timer);
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
    this._pace = new Pace(this._options.maxHz);
    this._detector = new Detector({
      assets: this._options.assets,
      onReady: () => {
        this._options.onDetector({ name: 'detector', state: 'ready' });
      },
      onFailed: reason => {
        this._onFailed(reason);
      },
      onFrame: (frame, busy_ms) => {
        this._onFrame(frame, busy_ms);
      },
      onMesh: points => {
        // One may be on its way when the camera or the view was closed.
        if (this.stream !== null) {
          this._onMesh?.(points);
        }
      },
      onTick: this._beat
    });
    this.recount();
    if (this._onMesh !== null) {
      this._detector.showMesh(true);
    }
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

  private _onFrame(frame: Frame | null, busy_ms: number): void {
    if (frame === null || this.stream === null) {
      return;
    }
    const at_ms = this._now();
    this._pace.saw(frame.faces, at_ms);
    // A second opinion is rare and slow: it says nothing about the next picture.
    if (frame.person === undefined) {
      this._pace.measured(busy_ms, at_ms - this._handed_ms, at_ms);
    }
    this._options.onFrame?.(frame);
    if (this.started) {
      this._send([frame]);
    }
  }

  /** Its worker may be gone, and nothing says so: then there is another one. */
  private _drop(): void {
    this._dropped++;
    this._missed++;
    this._options.onDropped?.();
    const waited_ms = this._now() - this._handed_ms;
    if (this._missed >= STUCK_PICTURES && waited_ms > STUCK_MS) {
      this._missed = 0;
      this._onFailed('the detector did not answer; another one is started');
      this._renewDetector();
      this._detector?.load();
    }
  }

  private readonly _beat = (): void => {
    if (this.started && this._now() - this._lastSent_ms >= SHORTEST_BEAT_MS) {
      this._send([]);
    }
  };

  private _send(frames: Frame[]): void {
    if (this._timer !== null) {
      clearTimeout(this._timer);
      this._timer = setTimeout(this._beat, BEAT_MS);
    }
    const dropped = this._dropped;
    this._dropped = 0;
    this._lastSent_ms = this._now();
    const rate_hz = this.stream === null ? undefined : this._pace.rate_hz;
    this._options.onFrames(frames, dropped, rate_hz);
  }

  private readonly _options: WatcherOptions;
  private readonly _now: () => number;
  private readonly _camera: Camera;
  private readonly _sampler: Sampler;
  private _detector: Detector | null = null;
  /** Whether the detector is wanted for pictures, and whether it cannot. */
  private _wanted = false;
  private _failed = false;
  private _pace = new Pace();
  /** When the detector was given its last picture. */
  private _handed_ms = 0;
  private _onMesh: ((points: Float32Array) => void) | null = null;
  private _timer: ReturnType<typeof setTimeout> | null = null;
  private _dropped = 0;
  /** Pictures dropped since the detector was given one. */
  private _missed = 0;
  private _lastSent_ms = 0;
}
