/** Leads the widgets of a page's frames to the notebook's kernel. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { INotebookTracker } from '@jupyterlab/notebook';

// eslint-disable-next-line jupyter/prefer-lazy-imports -- the first widget needs it at once
import { Comms } from './comms';
import type { Frames } from './frames';
import { IFrames } from './tokens';

/** A room has one notebook and one kernel. */
export const commsPlugin: JupyterFrontEndPlugin<void> = {
  id: '@nbinterview/lab:comms',
  description: 'The way of framed widgets to the kernel.',
  autoStart: true,
  requires: [IFrames, INotebookTracker],
  activate: (_app: JupyterFrontEnd, frames: Frames, notebooks: INotebookTracker) => {
    const comms = new Comms();
    frames.linkKernel = comms.link;
    const follow = (panel: NotebookPanel): void => {
      const { sessionContext } = panel;
      const take = (): void => {
        comms.kernel = sessionContext.session?.kernel ?? null;
      };
      sessionContext.kernelChanged.connect(take);
      take();
    };
    notebooks.forEach(follow);
    notebooks.widgetAdded.connect((_, panel) => {
      follow(panel);
    });
  }
};
