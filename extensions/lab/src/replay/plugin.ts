import { ILabShell } from '@jupyterlab/application';
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';

import { replayIcon } from '../icons';
import { ILive, IReplay, IRoom } from '../tokens';
import { ReplayModel } from './model';
import { readFilm } from './read';
import type { ReplayWidget } from './view';

const SHOW = 'nbinterview:show-replay';
const MOMENT = /[#&]t=\d/;
/** As the page was opened: JupyterLab's own routing takes it away before it is ready. */
const ADDRESS = window.location.hash;

/** Lets interviewers and reviewers see the interview as it was at any moment. */
export const replayPlugin: JupyterFrontEndPlugin<IReplay | null> = {
  id: '@nbinterview/lab:replay',
  description: 'The interview as a film beside the notebook, for interviewers.',
  autoStart: true,
  provides: IReplay,
  requires: [ILive, IRoom, ILabShell],
  optional: [ITranslator],
  activate: (
    app: JupyterFrontEnd,
    live: ILive | null,
    room: IRoom | null,
    shell: ILabShell,
    translator: ITranslator | null
  ): IReplay | null => {
    if (live === null || room === null) {
      return null;
    }
    const trans = (translator ?? nullTranslator).load('nbinterview');
    const model = new ReplayModel(() => readFilm(app.serviceManager.serverSettings));
    let opened: ReplayWidget | null = null;
    let address = MOMENT.test(ADDRESS) ? ADDRESS : '';

    const open = async (): Promise<ReplayWidget> => {
      const { ReplayWidget } = await import('./view');
      if (opened === null || opened.isDisposed) {
        opened = new ReplayWidget({ model, trans, address });
        address = '';
        opened.title.label = trans.__('Replay');
        opened.title.icon = replayIcon;
        opened.title.closable = true;
        beside(shell, opened, room);
        void model.load();
      }
      shell.activateById(opened.id);
      return opened;
    };
    app.commands.addCommand(SHOW, {
      label: trans.__('Replay'),
      caption: trans.__('See the interview as it was at any moment'),
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => open()
    });
    void Promise.all([live.ready, app.restored]).then(async ([welcome]) => {
      if (welcome.role === 'candidate') {
        return;
      }
      room.addToBar(new ReplayButton(trans.__('Replay'), open));
      window.addEventListener('hashchange', () => {
        const isNew = opened === null || opened.isDisposed;
        if (isNew && MOMENT.test(window.location.hash)) {
          address = window.location.hash;
          void open();
        }
      });
      if (address !== '') {
        await open();
      }
    });
    return {
      show: async at => {
        await (await open()).goTo(at);
      }
    };
  }
};

/** Two documents side by side while it is open; one alone fills the page again. */
function beside(shell: ILabShell, widget: Widget, room: IRoom): void {
  shell.mode = 'multiple-document';
  const ref = room.notebook?.id;
  shell.add(widget, 'main', ref === undefined ? {} : { mode: 'split-right', ref });
  widget.disposed.connect(() => {
    shell.mode = 'single-document';
  });
}

class ReplayButton extends Widget {
  constructor(label: string, open: () => Promise<unknown>) {
    super();
    const button = document.createElement('button');
    button.className = 'jp-nbinterview-Button';
    button.textContent = label;
    button.addEventListener('click', () => void open());
    this.node.append(button);
  }
}
