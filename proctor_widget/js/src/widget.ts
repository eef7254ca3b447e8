/**
 * The front end of `nbinterview_proctor.ProctorWidget`: an anywidget module.
 *
 * A notebook can be open in several pages, in a shared room in several people's. So the
 * kernel may ask for the camera, but it goes on only in the page where a person pressed
 * the button; and it never comes back by itself after a reload.
 */
import '../style/check.css';
import '../style/widget.css';
import { CheckView } from './check.js';
import { assetsAt } from './detector.js';
import type { CameraEvent, DetectorEvent, Frame } from './generated/live.js';
import { Watcher } from './watcher.js';

/** What the kernel and this page share. */
interface Traits {
  /** Version of nbinterview in the kernel; part of the assets' address. */
  version: string;
  /** Where worker, WASM and model are; empty: of this Jupyter server. */
  assets_url: string;
  /** The kernel asks for the camera. */
  asked: boolean;
  state: 'off' | 'starting' | 'measuring' | 'denied' | 'missing' | 'lost' | 'failed';
  detail: string;
}

/** The part of anywidget's model that is used here. */
interface Model {
  get<K extends keyof Traits>(key: K): Traits[K];
  set<K extends keyof Traits>(key: K, value: Traits[K]): void;
  save_changes(): void;
  send(content: ToKernel): void;
  on(event: 'msg:custom', callback: (message: { type: string }) => void): void;
  on(event: `change:${keyof Traits}`, callback: () => void): void;
  off(event: string, callback: (...args: never[]) => void): void;
}

interface ToKernel {
  type: 'frames';
  frames: Frame[];
  dropped: number;
}

const WORDS = {
  on: 'Turn my camera on',
  off: 'Turn my camera off',
  asked: 'This notebook asks to use your camera.',
  noServer:
    'This page does not say where its Jupyter server is. ' +
    'Give the address of the files: ProctorWidget(assets_url="…").'
};

/** One widget model in this page: one watcher, any number of views. */
class Session {
  constructor(private readonly _model: Model) {
    this._model.on('msg:custom', this._onMessage);
  }

  readonly views = new Set<View>();

  get running(): boolean {
    return this._watcher !== null;
  }

  get asked(): boolean {
    return this._model.get('asked');
  }

  get stream(): MediaStream | null {
    return this._watcher?.stream ?? null;
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
    watcher.start();
    try {
      await watcher.open();
    } catch {
      // The camera event has said why; a heartbeat without a camera helps nobody here.
      watcher.dispose();
      this._watcher = null;
    }
    this._each(view => {
      view.showRunning();
    });
  }

  stop(): void {
    this._watcher?.dispose();
    this._watcher = null;
    this._each(view => {
      view.showRunning();
    });
  }

  dispose(): void {
    this.stop();
    this._model.off('msg:custom', this._onMessage);
  }

  private _watch(folder: string): Watcher {
    return new Watcher({
      assets: assetsAt(folder),
      onFrames: (frames, dropped) => {
        this._model.send({ type: 'frames', frames, dropped });
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
    this._each(view => {
      view.check.showDetector(event);
    });
  }

  private _tell(state: Traits['state'], detail: string): void {
    this._model.set('state', state);
    this._model.set('detail', detail);
    this._model.save_changes();
  }

  private _each(action: (view: View) => void): void {
    this.views.forEach(action);
  }

  private readonly _onMessage = (message: { type: string }): void => {
    if (message.type === 'stop') {
      this.stop();
    }
  };

  private _watcher: Watcher | null = null;
}

/** One display of the widget: the camera check and one button. */
class View {
  constructor(
    private readonly _session: Session,
    root: HTMLElement
  ) {
    this._ask.className = 'jp-nbinterview-Proctor-ask';
    this._button.type = 'button';
    this._button.className = 'jp-nbinterview-Proctor-button';
    this._button.addEventListener('click', () => {
      if (this._session.running) {
        this._session.stop();
      } else {
        void this._session.start();
      }
    });
    root.append(this._ask, this._button, this.check.node);
    if (this._session.stream !== null) {
      this.check.showStream(this._session.stream);
    }
    this.showRunning();
  }

  readonly check = new CheckView();

  readonly showRunning = (): void => {
    const { running, asked } = this._session;
    this._button.textContent = running ? WORDS.off : WORDS.on;
    this._ask.textContent = asked && !running ? WORDS.asked : '';
  };

  private readonly _ask = document.createElement('p');
  private readonly _button = document.createElement('button');
}

/** The folder of the assets: the one given, else of the server that sent this page. */
function assetsFolder(given: string, version: string): string {
  if (given !== '') {
    return new URL(given.endsWith('/') ? given : `${given}/`, document.baseURI).href;
  }
  const config = document.getElementById('jupyter-config-data')?.textContent;
  const { baseUrl } = JSON.parse(config ?? '{}') as { baseUrl?: string };
  if (baseUrl === undefined) {
    throw new Error(WORDS.noServer);
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
      const view = new View(session, el);
      views.add(view);
      model.on('change:asked', view.showRunning);
      return () => {
        model.off('change:asked', view.showRunning);
        views.delete(view);
        view.check.dispose();
      };
    }
  };
}
