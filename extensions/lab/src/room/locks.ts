/** Shows which cells are locked, to the eye and to the ear, and lets them be. */

import type { Cell } from '@jupyterlab/cells';
import type { INotebookTracker, Notebook, NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';

import type { ICellState } from './lockedcommands';
import { LOCKABLE, leavesLockedCellsAlone } from './lockedcommands';

const LOCK_CLASS = 'jp-nbinterview-Lock';

/** Mark each locked cell of this notebook, now and as cells come and change. */
export function markLockedCells(panel: NotebookPanel, trans: TranslationBundle): void {
  const markAll = (): void => {
    for (const cell of panel.content.widgets) {
      mark(cell, trans);
    }
  };
  panel.content.modelContentChanged.connect(markAll);
  void panel.context.ready.then(markAll);
}

function mark(cell: Cell, trans: TranslationBundle): void {
  const isLocked = cell.model.getMetadata('editable') === false;
  const present = cell.node.querySelector(`:scope > .${LOCK_CLASS}`);
  if (isLocked && present === null) {
    const words = trans.__(
      'This cell is locked: it belongs to the question. Answer in the cells below it.'
    );
    const lock = document.createElement('span');
    lock.className = LOCK_CLASS;
    lock.setAttribute('role', 'img');
    lock.setAttribute('aria-label', words);
    lock.title = words;
    cell.node.append(lock);
  } else if (!isLocked) {
    present?.remove();
  }
}

/**
 * Switch off the commands that would change, move or delete a locked cell.
 *
 * The server refuses that anyhow, and a page that was refused starts anew: nobody should
 * get there by a slip of the hand.
 */
export function keepLockedCells(
  commands: CommandRegistry,
  notebooks: INotebookTracker,
  mayChangeThem: () => boolean
): void {
  const isEnabled = commands.isEnabled.bind(commands);
  commands.isEnabled = (id, args) =>
    isEnabled(id, args) &&
    (mayChangeThem() || leavesLockedCellsAlone(id, cellsOf(notebooks.currentWidget)));
  const changed = (): void => {
    for (const id of LOCKABLE.filter(each => commands.hasCommand(each))) {
      commands.notifyCommandChanged(id);
    }
  };
  notebooks.activeCellChanged.connect(changed);
  notebooks.selectionChanged.connect(changed);
}

/** Leave locked cells where they are, whatever moves them: a command or a drag. */
export function keepLockedCellsInPlace(
  notebook: Notebook,
  mayChangeThem: () => boolean
): void {
  const moveCell = notebook.moveCell.bind(notebook);
  notebook.moveCell = (from, to, n = 1) => {
    const moved = notebook.widgets.slice(from, from + n).map(stateOf(notebook));
    if (mayChangeThem() || moved.every(cell => cell.isDeletable)) {
      moveCell(from, to, n);
    }
  };
}

function cellsOf(panel: NotebookPanel | null): readonly ICellState[] {
  return panel?.content.widgets.map(stateOf(panel.content)) ?? [];
}

function stateOf(notebook: Notebook): (cell: Cell) => ICellState {
  return cell => ({
    isAtHand: notebook.isSelectedOrActive(cell),
    isEditable: cell.model.getMetadata('editable') !== false,
    isDeletable: cell.model.getMetadata('deletable') !== false
  });
}
