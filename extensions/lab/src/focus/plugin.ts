import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import type { Cell } from '@jupyterlab/cells';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { IDisposable } from '@lumino/disposable';
import type {
  DeviceTracker,
  DisplayTracker,
  FocusTracker,
  TypingTally
} from '@nbinterview/proctor';

import { ICustody, ILive, IRoom, IWatch } from '../tokens';
import type { ClientEvent } from '../wire';
import { cellAt, isOfNotebook } from './clipboardscope';
import { isOwnText } from './notebooktext';
import { followText } from './typedtext';

/** Watches focus, clipboard, displays and cameras while they are agreed to. */
export const focusPlugin: JupyterFrontEndPlugin<void> = {
  id: '@nbinterview/lab:focus',
  description:
    'Tells the room of focus, clipboard and typing, while the candidate agrees.',
  autoStart: true,
  requires: [ILive, IRoom, IWatch],
  optional: [ICustody],
  activate: (
    _app: JupyterFrontEnd,
    live: ILive | null,
    room: IRoom | null,
    watch: IWatch | null,
    custody: ICustody | null
  ): void => {
    if (live === null || room === null || watch === null || custody === null) {
      return;
    }
    let trackers: Promise<ITrackers> | null = null;
    const follow = (): void => {
      if (trackers === null && !watch.isWatching) {
        return;
      }
      trackers ??= startTelling(live, room, custody);
      void trackers.then(loaded => {
        move(loaded, watch);
      });
    };
    watch.activeChanged.connect(follow);
    // A page that the browser kept and shows again goes on.
    window.addEventListener('pageshow', event => {
      if (event.persisted) {
        follow();
      }
    });
  }
};

/** All that tells of this page by itself. */
interface ITrackers {
  focus: FocusTracker;
  display: DisplayTracker;
  devices: DeviceTracker;
  typing: TypingTally;
}

/** Let run what is agreed to. Typing is of the notebook, which is asked for by nobody. */
function move(
  trackers: ITrackers,
  { active, isWatching }: Pick<IWatch, 'active' | 'isWatching'>
): void {
  const { focus, display, devices, typing } = trackers;
  for (const sensor of ['focus', 'clipboard'] as const) {
    if (active.has(sensor)) {
      focus.start(sensor);
    } else {
      focus.stop(sensor);
    }
  }
  for (const [tracker, runs] of [
    [display, active.has('focus')],
    [devices, active.has('camera')],
    [typing, isWatching]
  ] as const) {
    if (runs) {
      tracker.start();
    } else {
      tracker.stop();
    }
  }
}

/** The trackers, once the candidate started; from then on the page tells of itself. */
async function startTelling(
  live: ILive,
  room: IRoom,
  custody: ICustody
): Promise<ITrackers> {
  const { DeviceTracker, DisplayTracker, FocusTracker, TypingTally } =
    await import('@nbinterview/proctor');
  const onEvent = (event: ClientEvent): void => {
    live.record(event);
  };
  const cells = (): readonly Cell[] => room.notebook?.content.widgets ?? [];
  const focus = new FocusTracker({
    isOfNotebook: event => isOfNotebook(event, cells()),
    onEvent: (event, monotonicMs) => {
      live.record(event, monotonicMs);
    },
    isOwnText: text =>
      room.notebook !== null &&
      isOwnText(text, notebookText(room.notebook, custody.handedBack.text)),
    cellIdOf: target => cellAt(target, cells())?.model.id
  });
  const trackers: ITrackers = {
    focus,
    display: new DisplayTracker({ onEvent }),
    devices: new DeviceTracker({ onEvent }),
    typing: new TypingTally({ onEvent })
  };
  followNotebook(room, trackers.typing);
  live.record({ name: 'page', state: 'loaded' });
  window.addEventListener('pagehide', () => {
    // What was typed in the last second goes before the page does.
    move(trackers, { active: new Set(), isWatching: false });
    live.record({ name: 'page', state: 'unloading' });
  });
  return trackers;
}

/** Count what comes into the notebook, whenever it is opened anew. */
function followNotebook(room: IRoom, typing: TypingTally): void {
  let following: IDisposable | null = null;
  const follow = (panel: NotebookPanel): void => {
    following?.dispose();
    following = followText(panel.context.model.sharedModel, (...text) => {
      typing.add(...text);
    });
  };
  room.notebookOpened.connect((_, panel) => {
    follow(panel);
  });
  if (room.notebook !== null) {
    follow(room.notebook);
  }
}

/** What is in the notebook, and what was, until the room did not take it. */
function notebookText(
  panel: NotebookPanel,
  handedBack: string
): Parameters<typeof isOwnText>[1] {
  const shared = panel.context.model.sharedModel;
  const cells = shared.cells.map(cell => ({
    source: cell.source,
    outputs: 'outputs' in cell ? (cell.outputs as unknown[]) : []
  }));
  return { cells: [...cells, { source: handedBack, outputs: [] }] };
}
