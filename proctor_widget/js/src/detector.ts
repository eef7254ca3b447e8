/** The page's end of the measuring worker. */
import type { Frame } from './generated/live.js';
import type { FromWorker, ToWorker } from './protocol.js';

/** Where the files of the measurement are. All URLs are absolute, of this origin. */
export interface Assets {
  workerUrl: string;
  /** The folder of the WASM files. */
  wasmUrl: string;
  modelUrl: string;
  /** The model of the second opinion. */
  personModelUrl: string;
}

/**
 * The assets below one folder, as the build lays them out.
 * In a Jupyter page: `assetsAt(`${baseUrl}nbinterview/static/${version}/`)`.
 */
export function assetsAt(folder: string): Assets {
  const base = new URL(folder.endsWith('/') ? folder : `${folder}/`, document.baseURI);
  const at = (path: string): string => new URL(path, base).href;
  return {
    workerUrl: at('worker.js'),
    wasmUrl: base.href.replace(/\/$/, ''),
    modelUrl: at('models/face_landmarker.task'),
    personModelUrl: at('models/selfie_segmentation.tflite')
  };
}

export interface DetectorOptions {
  assets: Assets;
  onReady(): void;
  /** It will not work (any more) on this page; the reason is one sentence. */
  onFailed(reason: string): void;
  /** The answer to one picture, and how long the worker was busy with it. */
  onFrame(frame: Frame | null, busy_ms: number): void;
  /** The largest face of each picture, while showMesh() has it on. */
  onMesh(points: Float32Array): void;
  /** About once a second, also in a hidden page. */
  onTick(): void;
  createWorker?(url: string): Worker;
}

/** Runs the worker: one picture in flight, never a queue. */
export class Detector {
  constructor(options: DetectorOptions) {
    this._options = options;
    try {
      this._worker = (options.createWorker ?? moduleWorker)(options.assets.workerUrl);
    } catch (error) {
      // Another origin, or a policy of the page.
      this._fail(error instanceof Error ? error.message : String(error));
      return;
    }
    this._worker.onmessage = (event: MessageEvent<FromWorker>) => {
      this._receive(event.data);
    };
    this._worker.onerror = event => {
      // A worker that did not load says nothing at all in `message`.
      this._fail(event.message || `${options.assets.workerUrl} did not load`);
    };
  }

  /** Load WASM and model; onReady or onFailed follows. A second call does nothing. */
  load(): void {
    if (!this._loading) {
      this._loading = true;
      const { wasmUrl, modelUrl, personModelUrl } = this._options.assets;
      this._post({ type: 'load', wasmUrl, modelUrl, personModelUrl });
    }
  }

  /** Whether a picture would be measured now. */
  get idle(): boolean {
    return this._ready && !this._busy;
  }

  get ready(): boolean {
    return this._ready;
  }

  /** Measure one picture, which this takes over. */
  measure(bitmap: ImageBitmap, at_ms: number): void {
    if (!this.idle) {
      bitmap.close();
      return;
    }
    this._busy = true;
    this._post({ type: 'frame', bitmap, at_ms }, [bitmap]);
  }

  /** Let the worker tell by this port how many pictures it measures. */
  countTo(port: MessagePort): void {
    this._post({ type: 'counts', port }, [port]);
  }

  /** Whether onMesh is called; not before this was asked for. */
  showMesh(on: boolean): void {
    this._post({ type: 'mesh', on });
  }

  /** The next picture comes from another stream. */
  forget(): void {
    this._post({ type: 'forget' });
  }

  /** End the worker and free its memory, at once. */
  dispose(): void {
    this._ready = false;
    if (this._worker !== null) {
      this._worker.onmessage = null;
      this._worker.onerror = null;
      this._worker.terminate();
      this._worker = null;
    }
  }

  private _receive(message: FromWorker): void {
    switch (message.type) {
      case 'ready':
        this._ready = true;
        this._options.onReady();
        break;
      case 'failed':
        this._fail(message.reason);
        break;
      case 'frame':
        this._busy = false;
        this._options.onFrame(message.frame, message.busy_ms);
        break;
      case 'mesh':
        this._options.onMesh(message.points);
        break;
      case 'tick':
        this._options.onTick();
        break;
    }
  }

  private _fail(reason: string): void {
    this._ready = false;
    this._options.onFailed(reason);
  }

  private _post(message: ToWorker, transfer: Transferable[] = []): void {
    this._worker?.postMessage(message, transfer);
  }

  private readonly _options: DetectorOptions;
  private _worker: Worker | null = null;
  private _loading = false;
  private _ready = false;
  private _busy = false;
}

function moduleWorker(url: string): Worker {
  return new Worker(url, { type: 'module', name: 'nbinterview-proctor' });
}
