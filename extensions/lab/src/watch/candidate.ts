/** The candidate's page: from the first question to watching. */

import type { JupyterFrontEnd } from '@jupyterlab/application';
import { PageConfig, URLExt } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import { assetsAt, CheckView, Watcher } from '@nbinterview/proctor';

import type { ILive, IRoom } from '../tokens';
import type { ClientEvent } from '../wire';
import { begin } from './consent';
import { WatchModel } from './model';
import { WatchPage } from './page';
import { WatchStatus } from './status';
import { cameraGap, isPhone } from './support';
import { showWarnings } from './warnings';

/** Put questions, status and warnings on a candidate's page that was welcomed. */
export function watchCandidate(
  app: JupyterFrontEnd,
  live: ILive,
  room: IRoom,
  trans: TranslationBundle
): WatchModel {
  const { welcome } = live;
  if (welcome === null) {
    throw new Error('Nobody is watched before the room said welcome.');
  }
  const { baseUrl } = app.serviceManager.serverSettings;
  const gap = cameraGap(window);
  const check = new CheckView();
  const started = `nbinterview:started:${baseUrl}:${welcome.hub_name}`;
  const watcher = new Watcher({
    assets: assetsAt(staticUrl(baseUrl)),
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
  const page = new WatchPage({
    model,
    check,
    title: welcome.title,
    cameraGap: gap,
    isPhone: isPhone(window),
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

/** Where worker, WASM and model are: the room's version, so that they may be cached. */
function staticUrl(baseUrl: string): string {
  const version = PageConfig.getOption('nbinterviewVersion');
  return URLExt.join(baseUrl, 'nbinterview/static', version);
}
