/**
 * The front end of `nbinterview_proctor.ProctorWidget`: an anywidget module.
 *
 * A notebook can be open in several pages, in a shared room in several people's. So the
 * kernel may ask for the camera, but it goes on only in the page where a person pressed
 * the button; and it never comes back by itself after a reload.
 */
import '../style/check.css';
import '../style/widget.css';
import { CalibrationRun, type CalibrationStep } from './calibration.js';
import { assetsAt } from './detector.js';
import { FocusTracker } from './focus.js';
import type { CameraEvent, ClientEvent, DetectorEvent } from './generated/live.js';
import { Watcher } from './watcher.js';
import type { FromKernel, Model, Told, Traits } from './widgetmodel.js';
import { WidgetView } from './widgetview.js';

const NO_SERVER =
  'This page does not say where its Jupyter server is. ' +
  'Give the address of the files: ProctorWidget(assets_url="…").';

/** One widget model in this page: one watcher, any number of views. */
export class Session {
  constructor(private readonly _model: Model) {
    this._model.on('msg:custom', this._onMessage);
    // What was found before this page was opened is not told twice by itself.
    this._model.send({ type: 'hello' });
  }

  readonly views = new Set<WidgetView>();

  get running(): boolean {
    return this._watcher !== null;
  }

  get calibrating(): boolean {
    return this._calibration !== null;
  }

  get model(): Model {
    return this._model;
  }

  get stream(): MediaStream | null {
    return this._watcher?.stream ?? null;
  }

  get told(): Told {
    return this._told;
  }

  async start(): Promise<void> {
    if (this._watcher !== null) {
      return;
    }
    this._tell('starting', '');
    let watcher: Watcher;
    try {
      const folder = assetsFolder(
        this._model.get('assets_url'),
        this._model.get('version')
      );
      await mustExist(new URL('worker.js', folder).href);
      watcher = this._watch(folder);
    } catch (error) {
      this._onDetector({ name: 'detector', state: 'failed', reason: words(error) });
      return;
    }
    this._watcher = watcher;
    this._focus = new FocusTracker({
      onEvent: (event, monotonic_ms) => {
        this._send(event, monotonic_ms);
      }
    });
    this._focus.start('focus');
    this._focus.start('clipboard');
    watcher.start();
    try {
      await watcher.open();
    } catch {
      // The camera event has said why; a heartbeat without a camera helps nobody here.
      this.stop();
    }
    this._show();
  }

  stop(): void {
    this._calibration?.cancel();
    this._calibration = null;
    this._focus?.dispose();
    this._focus = null;
    this._watcher?.dispose();
    this._watcher = null;
    this._show();
  }

  /** Look at a few places, one after the other. */
  calibrate(pace: 'clock' | 'person'): void {
    if (!this.running || this.calibrating) {
      return;
    }
    this._calibration = new CalibrationRun({
      onEvent: event => {
        this._send(event, performance.now());
      },
      onStep: step => {
        this._onStep(step);
      },
      rehearsal: false,
      pace
    });
    this._show();
    this._calibration.begin();
  }

  /** What the person says during a calibration. */
  readonly goOn = (): void => {
    this._calibration?.next();
  };
  readonly leaveOut = (): void => {
    this._calibration?.leaveOut();
  };
  readonly skip = (): void => {
    this._calibration?.skip();
  };

  dispose(): void {
    this.stop();
    this._model.off('msg:custom', this._onMessage);
  }

  private _watch(folder: string): Watcher {
    return new Watcher({
      assets: assetsAt(folder),
      onFrames: (frames, dropped, rate_hz) => {
        const monotonic_ms = performance.now();
        this._model.send({
          type: 'frames',
          frames,
          dropped,
          rate_hz: rate_hz ?? 0,
          monotonic_ms
        });
      },
      onFrame: frame => {
        this._each(view => {
          view.check.showFrame(frame);
        });
      },
      onStream: stream => {
        this._each(view => {
          view.check.showStream(stream);
        });
      },
      onCamera: event => {
        this._onCamera(event);
      },
      onDetector: event => {
        this._onDetector(event);
      }
    });
  }

  private _onCamera(event: CameraEvent): void {
    this._send(event, performance.now());
    if (event.state !== 'on') {
      this._tell(event.state, '');
    }
    this._each(view => {
      view.check.showCamera(event);
    });
  }

  private _onDetector(event: DetectorEvent): void {
    if (event.state !== 'stopped') {
      const failed = event.state === 'failed';
      this._tell(failed ? 'failed' : 'measuring', event.reason ?? '');
    }
    this._send(event, performance.now());
    this._each(view => {
      view.check.showDetector(event);
    });
  }

  private _onStep(step: CalibrationStep): void {
    if (!('target' in step)) {
      this._calibration = null;
    }
    this._each(view => {
      view.showStep(step);
    });
    this._show();
  }

  private _send(event: ClientEvent, monotonic_ms: number): void {
    this._model.send({ type: 'event', event, monotonic_ms });
  }

  private _tell(state: Traits['state'], detail: string): void {
    this._model.set('state', state);
    this._model.set('detail', detail);
    this._model.save_changes();
  }

  private _show(): void {
    this._each(view => {
      view.show();
    });
  }

  private _each(action: (view: WidgetView) => void): void {
    this.views.forEach(action);
  }

  private readonly _onMessage = (message: FromKernel): void => {
    if (message.type === 'stop') {
      this.stop();
    } else {
      this._told = message;
      this._each(view => {
        view.showTold(message);
      });
    }
  };

  private _watcher: Watcher | null = null;
  private _focus: FocusTracker | null = null;
  private _calibration: CalibrationRun | null = null;
  private _told: Told = { type: 'told', findings: [], sensors: {}, calibration: null };
}

/** The folder of the assets: the one given, else of the server that sent this page. */
function assetsFolder(given: string, version: string): string {
  if (given !== '') {
    return new URL(given.endsWith('/') ? given : `${given}/`, document.baseURI).href;
  }
  const config = document.getElementById('jupyter-config-data')?.textContent;
  const { baseUrl } = JSON.parse(config ?? '{}') as { baseUrl?: string };
  if (baseUrl === undefined) {
    throw new Error(NO_SERVER);
  }
  return new URL(`${baseUrl}nbinterview/static/${version}/`, document.baseURI).href;
}

/** A worker that is not there fails without a word; so ask for it first. */
async function mustExist(url: string): Promise<void> {
  const response = await fetch(url, { method: 'HEAD' });
  if (!response.ok) {
    throw new Error(
      `the Jupyter server has no ${url} (${response.status}). ` +
        'Is the same version of nbinterview installed beside it?'
    );
  }
}

function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** anywidget calls this once for each model. */
export default function proctor(): {
  initialize(context: { model: Model }): () => void;
  render(context: { model: Model; el: HTMLElement }): () => void;
} {
  let session: Session | null = null;
  return {
    initialize({ model }) {
      session = new Session(model);
      return () => {
        session?.dispose();
      };
    },
    render({ model, el }) {
      if (session === null) {
        throw new Error('anywidget rendered before it initialized');
      }
      const { views } = session;
      const view = new WidgetView(session, el);
      views.add(view);
      model.on('change:asked', view.show);
      model.on('change:policy', view.show);
      return () => {
        model.off('change:asked', view.show);
        model.off('change:policy', view.show);
        views.delete(view);
        view.check.dispose();
      };
    }
  };
}
