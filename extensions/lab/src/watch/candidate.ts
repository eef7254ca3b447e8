/** The candidate's page: from the first question to watching. */

import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import { assetsAt, CheckView, MeshView, Watcher } from '@nbinterview/proctor';

import { staticUrl } from '../live/statics';
import { addRecord } from '../record/add';
import { RecordModel } from '../record/model';
import { NowModel } from '../record/now';
import type { IBeats, ILive, IRoom } from '../tokens';
import type { ClientEvent, Frame } from '../wire';
import { CalibrationModel } from './calibration';
import { begin } from './consent';
import type { ICameraWatcher } from './model';
import { WatchModel } from './model';
import { keyClock, Nudges } from './nudges';
import { NudgeLine } from './nudgeview';
import { WatchPage } from './page';
import { WatchStatus } from './status';
import { cameraGap, isPhone } from './support';
import { sayUnsigned } from './unsigned';
import { followNudges, showWarnings } from './warnings';

/** The phases in which the page covers the room. */
const COVERED = ['asking', 'checking', 'resuming', 'calibrating'];

/** While watching is paused, a sign of life goes this often, and nothing else. */
const PAUSED_BEAT_MS = 1_000;

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
  const now = new NowModel(
    new MeshView(
      trans.__('Your camera picture with what is found in it, seen only by you')
    )
  );
  const started = `nbinterview:started:${baseUrl}:${welcome.hub_name}`;
  const report = (event: ClientEvent): void => {
    live.record(event);
  };
  const observe = pausable(live, () => model.state.isPaused);
  const watcher = new Watcher({
    assets: assetsAt(staticUrl(baseUrl)),
    onFrames: (frames, dropped, rateHz) => {
      now.showRate(rateHz);
      observe(frames, dropped, rateHz);
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
      now.showFrame(frame, performance.now());
    },
    onStream: stream => {
      check.showStream(stream);
      now.showStream(stream);
    },
    countTo: () => live.beats.port(),
    onDropped: () => {
      live.beats.dropped();
    }
  });
  live.beats.renewed.connect(() => {
    watcher.recount();
  });
  const model = new WatchModel(
    begin(welcome, {
      cameraSupported: gap === 'none',
      startedBefore: localStorage.getItem(started) !== null
    }),
    {
      report,
      watcher: withBeats(watcher, live.beats),
      rememberStart: () => {
        localStorage.setItem(started, 'yes');
      },
      sensors: welcome.sensors
    }
  );
  const calibration = new CalibrationModel({
    report,
    isRehearsal: () => live.welcome?.state === 'scheduled',
    done: () => {
      model.calibrated();
    }
  });
  followRoom(live, model, calibration);
  const showRecord = addRecord(app, {
    record: new RecordModel(live),
    watch: model,
    now,
    source: watcher,
    trans
  });
  room.addToBar(new WatchStatus({ model, showRecord, trans }));
  showWarnings(live, room.notices, showRecord, trans);
  sayUnsigned({
    live,
    notices: room.notices,
    isSecure: window.isSecureContext,
    trans
  });
  showNudges(live, trans);
  const page = new WatchPage({
    model,
    check,
    calibration,
    allows: () => live.welcome?.watching.allows ?? [],
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

/** What the room says about the watching goes into the model. */
function followRoom(
  live: ILive,
  model: WatchModel,
  calibration: CalibrationModel
): void {
  const followLease = (): void => {
    model.leaseChanged(live.isActive);
    void resumeQuietly(model);
  };
  live.heard('sensor').connect((_, { sensor }) => {
    model.sensorChanged(sensor);
  });
  live.heard('state').connect((_, { state }) => {
    model.interviewChanged(state);
  });
  live.heard('calibration').connect((_, told) => {
    calibration.told(told.calibration);
  });
  live.heard('watching').connect((_, { watching }) => {
    model.pausedChanged(watching.paused);
  });
  live.welcomed.connect((_, again) => {
    for (const sensor of again.sensors) {
      model.sensorChanged(sensor);
    }
    model.pausedChanged(again.watching.paused);
    model.interviewChanged(again.state);
    followLease();
  });
  live.heard('lease').connect(followLease);
  model.changed.connect(() => {
    if (model.state.phase === 'ended') {
      calibration.cancel();
    }
  });
}

/** The camera's measurement; while it reports, the page beats. */
function withBeats(watcher: Watcher, beats: IBeats): ICameraWatcher {
  return {
    open: () => watcher.open(),
    close: () => {
      watcher.close();
    },
    start: () => {
      watcher.start();
      beats.start();
    },
    stop: () => {
      beats.stop();
      watcher.stop();
    }
  };
}

/** Report frames; while watching is paused only that the page is alive. */
function pausable(live: ILive, isPaused: () => boolean): ILive['observe'] {
  let beatAtMs = -Infinity;
  return (frames: Frame[], dropped: number, rateHz?: number): void => {
    if (!isPaused()) {
      live.observe(frames, dropped, rateHz);
    } else if (performance.now() - beatAtMs >= PAUSED_BEAT_MS) {
      beatAtMs = performance.now();
      live.observe([], 0);
    }
  };
}

function showNudges(live: ILive, trans: TranslationBundle): void {
  const nowMs = (): number => performance.now();
  const nudges = new Nudges({
    nowMs,
    lastKeyAtMs: keyClock(document, nowMs),
    isVisible: () => document.visibilityState === 'visible'
  });
  followNudges(live, nudges);
  Widget.attach(new NudgeLine(nudges, trans), document.body);
}

/** The page covers the room until the candidate has started. */
function showWhileAsking(page: WatchPage, model: WatchModel, shell: HTMLElement): void {
  const update = (): void => {
    const isAsking = COVERED.includes(model.state.phase);
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
  if (model.state.phase !== 'resuming' || model.state.isElsewhere) {
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
