/** A cell that is run while Python is still starting waits for it. */

import type { INotebookCellExecutor } from '@jupyterlab/notebook';

type SessionContext = NonNullable<
  INotebookCellExecutor.IRunCellOptions['sessionContext']
>;

/** Longest wait; a kernel that needs more has failed, and the executor says what then. */
const LONGEST_WAIT_MS = 60_000;

/**
 * Let an executor wait for a kernel that is on its way.
 *
 * jupyter-server-nbmodel's drops the cell without a word when its session has a kernel
 * to come and none yet.
 */
export function waitForKernel(executor: INotebookCellExecutor): void {
  const runCell = executor.runCell.bind(executor);
  executor.runCell = async options => {
    const { cell, sessionContext } = options;
    if (cell.model.type === 'code' && sessionContext !== undefined) {
      await kernelOf(sessionContext);
    }
    return runCell(options);
  };
}

async function kernelOf(context: SessionContext): Promise<void> {
  if (!isOnItsWay(context)) {
    return;
  }
  await new Promise<void>(resolve => {
    const look = (): void => {
      if (!isOnItsWay(context)) {
        leave();
      }
    };
    const leave = (): void => {
      clearTimeout(timer);
      context.kernelChanged.disconnect(look);
      context.statusChanged.disconnect(look);
      context.disposed.disconnect(leave);
      resolve();
    };
    const timer = setTimeout(leave, LONGEST_WAIT_MS);
    context.kernelChanged.connect(look);
    context.statusChanged.connect(look);
    context.disposed.connect(leave);
  });
}

/** Whether there is no kernel yet, though there will be. */
function isOnItsWay({ hasNoKernel, isReady, session }: SessionContext): boolean {
  return (session?.kernel ?? null) === null && !(hasNoKernel && isReady);
}
