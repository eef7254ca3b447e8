import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { FocusTracker } from '@nbinterview/proctor';

import { ILive, IRoom, IWatch } from '../tokens';
import { isOwnText } from './notebooktext';

/** Watches focus and clipboard while they are agreed to. */
export const focusPlugin: JupyterFrontEndPlugin<void> = {
  id: '@nbinterview/lab:focus',
  description: 'Tells the room of focus and clipboard, while the candidate agrees.',
  autoStart: true,
  requires: [ILive, IRoom, IWatch],
  activate: (
    _app: JupyterFrontEnd,
    live: ILive | null,
    room: IRoom | null,
    watch: IWatch | null
  ): void => {
    if (live === null || room === null || watch === null) {
      return;
    }
    const tracker = new FocusTracker({
      onEvent: (event, monotonicMs) => {
        live.record(event, monotonicMs);
      },
      isOwnText: text =>
        room.notebook !== null && isOwnText(text, notebookText(room.notebook)),
      cellIdOf: target => cellIdOf(target, room.notebook)
    });
    watch.activeChanged.connect(() => {
      for (const sensor of ['focus', 'clipboard'] as const) {
        if (watch.active.has(sensor)) {
          tracker.start(sensor);
        } else {
          tracker.stop(sensor);
        }
      }
    });
    tellOfThePage(live, watch);
  }
};

/** That this page came, and that it goes: silence afterwards is then no riddle. */
function tellOfThePage(live: ILive, watch: IWatch): void {
  let isTold = false;
  watch.activeChanged.connect(() => {
    if (!isTold && live.welcome !== null) {
      isTold = true;
      live.record({ name: 'page', state: 'loaded' });
    }
  });
  window.addEventListener('pagehide', () => {
    if (isTold) {
      live.record({ name: 'page', state: 'unloading' });
    }
  });
}

function notebookText(panel: NotebookPanel): Parameters<typeof isOwnText>[1] {
  const shared = panel.context.model.sharedModel;
  return {
    cells: shared.cells.map(cell => ({
      source: cell.source,
      outputs: 'outputs' in cell ? (cell.outputs as unknown[]) : []
    }))
  };
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
