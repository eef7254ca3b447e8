/** Shows which cells are locked, to the eye and to the ear. */

import type { Cell } from '@jupyterlab/cells';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';

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
