import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { FocusTracker } from '@nbinterview/proctor';

import { ICustody, ILive, IRoom, IWatch } from '../tokens';
import { isOwnText } from './notebooktext';

/** Watches focus and clipboard while they are agreed to. */
export const focusPlugin: JupyterFrontEndPlugin<void> = {
  id: '@nbinterview/lab:focus',
  description: 'Tells the room of focus and clipboard, while the candidate agrees.',
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
    let tracker: Promise<FocusTracker> | null = null;
    const follow = (): void => {
      if (tracker === null && watch.active.size === 0) {
        return;
      }
      tracker ??= startTelling(live, room, custody);
      void tracker.then(loaded => {
        for (const sensor of ['focus', 'clipboard'] as const) {
          if (watch.active.has(sensor)) {
            loaded.start(sensor);
          } else {
            loaded.stop(sensor);
          }
        }
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

/** The tracker, once something is agreed to; from then on the page tells of itself. */
async function startTelling(
  live: ILive,
  room: IRoom,
  custody: ICustody
): Promise<FocusTracker> {
  const { FocusTracker } = await import('@nbinterview/proctor');
  const tracker = new FocusTracker({
    onEvent: (event, monotonicMs) => {
      live.record(event, monotonicMs);
    },
    isOwnText: text =>
      room.notebook !== null &&
      isOwnText(text, notebookText(room.notebook, custody.handedBack.text)),
    cellIdOf: target => cellIdOf(target, room.notebook)
  });
  live.record({ name: 'page', state: 'loaded' });
  window.addEventListener('pagehide', () => {
    live.record({ name: 'page', state: 'unloading' });
    // A page that is reloaded is hidden for a moment, which is not leaving it.
    tracker.stop('focus');
    tracker.stop('clipboard');
  });
  return tracker;
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

/** The id of the cell that an element is in; else of the active one. */
function cellIdOf(
  target: EventTarget | null,
  panel: NotebookPanel | null
): string | undefined {
  const notebook = panel?.content;
  const cell =
    target instanceof Node
      ? notebook?.widgets.find(each => each.node.contains(target))
      : undefined;
  return (cell ?? notebook?.activeCell)?.model.id;
}
