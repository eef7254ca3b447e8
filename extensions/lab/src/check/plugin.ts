import { ILabShell } from '@jupyterlab/application';
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { checkIcon } from '../icons';
import { ILive, IRoom } from '../tokens';
import { askForCheck } from './ask';
import { CheckModel } from './model';

/** Lets interviewers see whether the notebook runs from the top in a fresh Python. */
export const checkPlugin: JupyterFrontEndPlugin<void> = {
  id: '@nbinterview/lab:check',
  description: 'Restart-and-run-all beside the candidate’s Python, for interviewers.',
  autoStart: true,
  requires: [ILive, IRoom, ILabShell],
  optional: [ITranslator],
  activate: (
    app: JupyterFrontEnd,
    live: ILive | null,
    room: IRoom | null,
    shell: ILabShell,
    translator: ITranslator | null
  ): void => {
    if (live === null || room === null) {
      return;
    }
    const trans = (translator ?? nullTranslator).load('nbinterview');
    const model = new CheckModel(live, () =>
      askForCheck(app.serviceManager.serverSettings)
    );
    void Promise.all([live.ready, app.restored]).then(async ([welcome]) => {
      if (welcome.role === 'candidate') {
        return;
      }
      const { CheckWidget } = await import('./view');
      const widget = new CheckWidget({
        model,
        trans,
        mayAsk: welcome.role === 'interviewer',
        show: cellId => {
          showCell(room, cellId);
        }
      });
      widget.title.icon = checkIcon;
      widget.title.caption = trans.__('Does it run from the top?');
      shell.add(widget, 'right', { rank: 1, activate: false });
    });
  }
};

function showCell(room: IRoom, cellId: string): void {
  const content = room.notebook?.content;
  const index = content?.widgets.findIndex(cell => cell.model.id === cellId) ?? -1;
  if (content !== undefined && index >= 0) {
    content.activeCellIndex = index;
    void content.scrollToItem(index, 'center');
  }
}
