import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { PageConfig, URLExt } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';
import { assetsAt, CheckView, Watcher } from '@nbinterview/proctor';

import { ILive, IRoom, IWatch } from '../tokens';
import type { ClientEvent, Sensor, Welcome } from '../wire';
import { begin } from './consent';
import { WatchModel } from './model';
import { WatchPage } from './page';
import { WatchStatus } from './status';
import { cameraGap, isPhone } from './support';
import { showWarnings } from './warnings';

/** Asks the candidate, then watches what was agreed to. */
export const watchPlugin: JupyterFrontEndPlugin<IWatch | null> = {
  id: '@nbinterview/lab:watch',
  description: 'Consent, camera check and watching, on the candidate’s page only.',
  autoStart: true,
  provides: IWatch,
  requires: [ILive, IRoom],
  optional: [ITranslator],
  activate: (
    app: JupyterFrontEnd,
    live: ILive | null,
    room: IRoom | null,
    translator: ITranslator | null
  ): IWatch | null => {
    if (live === null || room === null) {
      return null;
    }
    const trans = (translator ?? nullTranslator).load('nbinterview');
    const watch = new Watch();
    void live.ready.then(welcome => {
      if (welcome.role === 'candidate') {
        watch.follow(watchCandidate(app, live, room, welcome, trans));
      }
    });
    return watch;
  }
};

/** Nothing is active before the room said that this page is the candidate's. */
class Watch implements IWatch {
  get active(): ReadonlySet<Sensor> {
    return this._model?.active ?? new Set();
  }

  get activeChanged(): ISignal<this, void> {
    return this._activeChanged;
  }

  follow(model: WatchModel): void {
    this._model = model;
    model.activeChanged.connect(() => {
      this._activeChanged.emit();
    });
    this._activeChanged.emit();
  }

  private _model: WatchModel | null = null;
  private readonly _activeChanged = new Signal<this, void>(this);
}

function watchCandidate(
  app: JupyterFrontEnd,
  live: ILive,
  room: IRoom,
  welcome: Welcome,
  trans: TranslationBundle
): WatchModel {
  const gap = cameraGap(window);
  const check = new CheckView();
  const started = `nbinterview:started:${PageConfig.getBaseUrl()}:${welcome.hub_name}`;
  const watcher = new Watcher({
    assets: assetsAt(staticUrl()),
    onFrames: (frames, dropped) => {
      live.observe(frames, dropped);
    },
    onCamera: event => {
      live.record(event);
      check.showCamera(event);
      model.cameraChanged(event.state);
    },
    onDetector: event => {
      live.record(event);
      check.showDetector(event);
    },
    onFrame: frame => {
      check.showFrame(frame);
    },
    onStream: stream => {
      check.showStream(stream);
    }
  });
  const model = new WatchModel(
    begin(welcome, {
      cameraSupported: gap === 'none',
      startedBefore: localStorage.getItem(started) !== null
    }),
    {
      report: (event: ClientEvent) => {
        live.record(event);
      },
      watcher,
      rememberStart: () => {
        localStorage.setItem(started, 'yes');
      },
      sensors: welcome.sensors
    }
  );
  live.sensorChanged.connect((_, sensor) => {
    model.sensorChanged(sensor);
  });
  live.stateChanged.connect((_, state) => {
    model.interviewChanged(state);
  });
  live.welcomed.connect((_, again) => {
    for (const sensor of again.sensors) {
      model.sensorChanged(sensor);
    }
    model.interviewChanged(again.state);
  });
  room.addToBar(new WatchStatus({ model, trans }));
  showWarnings(live, room.notices, trans);
  if (isPhone(window)) {
    sayPhone(room, trans);
  }
  const page = new WatchPage({
    model,
    check,
    title: welcome.title,
    cameraGap: gap,
    trans
  });
  void resumeQuietly(model).then(() => {
    showWhileAsking(page, model, app.shell.node);
  });
  return model;
}

/** The page covers the room until the candidate has started. */
function showWhileAsking(page: WatchPage, model: WatchModel, shell: HTMLElement): void {
  const update = (): void => {
    const isAsking = ['asking', 'checking', 'resuming'].includes(model.state.phase);
    if (isAsking && !page.isAttached) {
      shell.inert = true;
      Widget.attach(page, document.body);
    } else if (!isAsking && page.isAttached) {
      Widget.detach(page);
      shell.inert = false;
      shell.querySelector<HTMLElement>('.jp-Notebook')?.focus();
    }
  };
  model.changed.connect(update);
  update();
}

/**
 * After a reload go on without a click where the browser allows it: what was agreed to
 * still holds, and each second of questions is a second without the notebook.
 */
async function resumeQuietly(model: WatchModel): Promise<void> {
  if (model.state.phase !== 'resuming') {
    return;
  }
  if (!model.state.granted.camera || (await cameraIsAllowed())) {
    model.start();
  }
}

async function cameraIsAllowed(): Promise<boolean> {
  try {
    const permission = await navigator.permissions.query({ name: 'camera' });
    return permission.state === 'granted';
  } catch {
    // Not every browser can say this about cameras; then it is asked by a click.
    return false;
  }
}

function sayPhone(room: IRoom, trans: TranslationBundle): void {
  room.notices.show({
    id: 'phone',
    kind: 'hint',
    title: trans.__('This works best on a computer'),
    text: trans.__(
      'You can read the notebook here. To write and run code, please open your link ' +
        'in a current Chrome, Edge or Firefox on a computer.'
    ),
    closable: true
  });
}

function staticUrl(): string {
  const told = PageConfig.getOption('nbinterviewStaticUrl');
  return told !== ''
    ? told
    : URLExt.join(PageConfig.getBaseUrl(), 'nbinterview', 'static');
}
