/** Counts the text that this page itself brought into the notebook. */

import type { ISharedNotebook } from '@jupyter/ydoc';
import type { IDisposable } from '@lumino/disposable';
import { DisposableDelegate } from '@lumino/disposable';
import type { TextOrigin } from '@nbinterview/proctor';
import * as Y from 'yjs';

export type TellText = (chars: number, origin: TextOrigin, cellId?: string) => void;

/**
 * Tell of each text that comes into a cell from here. What others write is not told, and
 * new cells are counted as the room counts them: not by their text.
 */
export function followText(notebook: ISharedNotebook, tell: TellText): IDisposable {
  const { ydoc } = notebook as ISharedNotebook & { ydoc: Y.Doc };
  const cells = ydoc.getArray('cells');
  const observe = (
    events: Y.YEvent<Y.AbstractType<unknown>>[],
    transaction: Y.Transaction
  ): void => {
    if (transaction.local) {
      for (const event of events.filter(isSource)) {
        tell(insertedChars(event), originOf(transaction), cellIdOf(event.target));
      }
    }
  };
  cells.observeDeep(observe);
  return new DisposableDelegate(() => {
    cells.unobserveDeep(observe);
  });
}

function isSource(event: Y.YEvent<Y.AbstractType<unknown>>): boolean {
  return event.target instanceof Y.Text && event.path.at(-1) === 'source';
}

/** In characters as the room counts them, not in halves of them. */
function insertedChars({ delta }: Y.YEvent<Y.AbstractType<unknown>>): number {
  return delta
    .map(({ insert }) => (typeof insert === 'string' ? Array.from(insert).length : 0))
    .reduce((sum, chars) => sum + chars, 0);
}

/** An editor names its binding as the origin; JupyterLab's own changes another thing. */
function originOf({ origin }: Y.Transaction): TextOrigin {
  if (origin instanceof Y.UndoManager) {
    return 'history';
  }
  const isEditor = typeof origin === 'object' && origin !== null && 'ytext' in origin;
  return isEditor ? 'editor' : 'program';
}

function cellIdOf(source: Y.AbstractType<unknown>): string | undefined {
  const cell = source.parent;
  const id: unknown = cell instanceof Y.Map ? cell.get('id') : undefined;
  return typeof id === 'string' ? id : undefined;
}
