import { ILabShell } from '@jupyterlab/application';
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IThemeManager } from '@jupyterlab/apputils';
import { IMainMenu } from '@jupyterlab/mainmenu';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';

import { ILive, IRoom } from '../tokens';
import { hideCommands, tidy, trimMenuBar } from './declutter';
import { kernelNotice } from './kernel';
import { markLockedCells } from './locks';
import { RoomModel } from './model';
import { Notices } from './notices';
import { NoticesWidget } from './noticesview';
import { keepSettingsHere, keptSettings } from './settings';
import { TitleBar } from './titlebar';

/** The notebook of an interview; the server serves no other. */
const NOTEBOOK = 'interview.ipynb';

/** Makes JupyterLab the room of one interview. */
export const roomPlugin: JupyterFrontEndPlugin<IRoom | null> = {
  id: '@nbinterview/lab:room',
  description: 'The room around the notebook: title bar, notices, locked cells.',
  autoStart: true,
  provides: IRoom,
  requires: [ILive, ILabShell, INotebookTracker],
  optional: [IMainMenu, IThemeManager, ISettingRegistry, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    live: ILive | null,
    shell: ILabShell,
    notebooks: INotebookTracker,
    mainMenu: IMainMenu | null,
    themes: IThemeManager | null,
    settings: ISettingRegistry | null,
    translator: ITranslator | null
  ): IRoom | null => {
    if (live === null) {
      return null;
    }
    const trans = (translator ?? nullTranslator).load('nbinterview');
    document.body.classList.add('jp-nbinterview-mod-room');
    keepSettings(app, settings);
    hideCommands(app.commands);
    const room = new Room(live, trans, themes);
    shell.add(room.bar, 'header', { rank: 0 });
    notebooks.widgetAdded.connect((_, panel) => {
      room.adopt(panel);
    });
    notebooks.forEach(panel => {
      room.adopt(panel);
    });
    followKernel(live, room, trans);
    void app.restored.then(() => {
      if (mainMenu !== null) {
        trimMenuBar(mainMenu);
      }
      return openNotebook(app, shell);
    });
    return room;
  }
};

class Room implements IRoom {
  constructor(
    live: ILive,
    private readonly _trans: TranslationBundle,
    themes: IThemeManager | null
  ) {
    this._model = new RoomModel(live);
    this.bar = new TitleBar({
      model: this._model,
      trans: _trans,
      toggleTheme: themes === null ? null : () => void toggleTheme(themes)
    });
    Widget.attach(new NoticesWidget(this.notices, _trans), document.body);
    this._model.changed.connect(() => {
      this._sayEnded();
    });
  }

  readonly notices = new Notices();
  readonly bar: TitleBar;

  get notebook(): NotebookPanel | null {
    return this._notebook;
  }

  get notebookOpened(): ISignal<this, NotebookPanel> {
    return this._notebookOpened;
  }

  addToBar(widget: Widget): void {
    this.bar.addToSlot(widget);
  }

  /** Take a notebook for the interview's, if it is. */
  adopt(panel: NotebookPanel): void {
    const { path } = panel.context;
    if (path !== NOTEBOOK && !path.endsWith(`:${NOTEBOOK}`)) {
      return;
    }
    this._notebook = panel;
    panel.title.closable = false;
    markLockedCells(panel, this._trans);
    void panel.context.ready.then(() => {
      const { model } = panel.context;
      const follow = (): void => {
        this._model.dirty = model.dirty;
      };
      model.stateChanged.connect(follow);
      follow();
    });
    panel.disposed.connect(() => {
      this._notebook = null;
      this._model.dirty = null;
    });
    this._notebookOpened.emit(panel);
  }

  private _sayEnded(): void {
    if (this._model.interviewState === 'ended') {
      this.notices.show({
        id: 'ended',
        kind: 'hint',
        title: this._trans.__('The interview has ended'),
        text: this._trans.__(
          'Thank you. Your work is kept, and nothing more is watched. ' +
            'You can close this page.'
        )
      });
    }
  }

  private readonly _model: RoomModel;
  private _notebook: NotebookPanel | null = null;
  private readonly _notebookOpened = new Signal<this, NotebookPanel>(this);
}

/** One notebook, nothing beside it. */
async function openNotebook(app: JupyterFrontEnd, shell: ILabShell): Promise<void> {
  tidy(shell);
  for (const widget of [...shell.widgets('main')]) {
    if (!widget.hasClass('jp-NotebookPanel')) {
      widget.close();
    }
  }
  await app.commands.execute('docmanager:open', { path: NOTEBOOK });
}

function followKernel(live: ILive, room: Room, trans: TranslationBundle): void {
  const restart = (): void => {
    void room.notebook?.sessionContext.restartKernel();
    room.notices.clear('kernel');
  };
  live.kernelChanged.connect((_, kernel) => {
    const notice = kernelNotice(kernel, restart, trans);
    if (notice === null) {
      room.notices.clear('kernel');
    } else {
      room.notices.show(notice);
    }
  });
}

function keepSettings(app: JupyterFrontEnd, settings: ISettingRegistry | null): void {
  const { baseUrl } = app.serviceManager.serverSettings;
  const prefix = `nbinterview:settings:${baseUrl}:`;
  keepSettingsHere(app.serviceManager.settings, localStorage, prefix);
  for (const id of keptSettings(localStorage, prefix)) {
    void settings?.reload(id);
  }
}

async function toggleTheme(themes: IThemeManager): Promise<void> {
  const isLight = themes.theme === null || themes.isLight(themes.theme);
  await themes.setTheme(isLight ? 'JupyterLab Dark' : 'JupyterLab Light');
}
