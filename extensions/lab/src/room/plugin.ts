import { ILabShell } from '@jupyterlab/application';
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IThemeManager } from '@jupyterlab/apputils';
import { PageConfig } from '@jupyterlab/coreutils';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import { IMainMenu } from '@jupyterlab/mainmenu';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { INotebookCellExecutor, INotebookTracker } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';

import { ICustody, ILive, IRoom } from '../tokens';
import type { KernelMessage, Role } from '../wire';
import { hideCommands, quietConnectionLoss, tidy, trimMenuBar } from './declutter';
// eslint-disable-next-line jupyter/prefer-lazy-imports -- activation needs it at once
import { followConnection, followRefusal } from './connection';
import { closeServices, makeReadOnly, withdrawnNotice } from './end';
import {
  againNotice,
  goneNotice,
  KERNEL_NOTICE,
  kernelNotice,
  startingNotice
} from './kernel';
import { keepLockedCells, keepLockedCellsInPlace, markLockedCells } from './locks';
import { ElsewhereModel } from './elsewhere';
// eslint-disable-next-line jupyter/prefer-lazy-imports -- every page has one
import { RoomModel } from './model';
import type { INotice } from './notices';
import { Notices } from './notices';
import { NoticesWidget } from './noticesview';
import { receiptNotice } from './receipt';
import { keepSettingsHere, keptSettings } from './settings';
// eslint-disable-next-line jupyter/prefer-lazy-imports -- every page has one
import { TitleBar } from './titlebar';
import { waitForKernel } from './waitforkernel';

/** The notebook of an interview; the server serves no other. */
const NOTEBOOK = 'interview.ipynb';

/** Makes JupyterLab the room of one interview. */
export const roomPlugin: JupyterFrontEndPlugin<IRoom | null> = {
  id: '@nbinterview/lab:room',
  description: 'The room around the notebook: title bar, notices, locked cells.',
  autoStart: true,
  provides: IRoom,
  requires: [ILive, ILabShell, INotebookTracker],
  optional: [
    IMainMenu,
    IThemeManager,
    ISettingRegistry,
    ITranslator,
    INotebookCellExecutor,
    ICustody,
    IFileBrowserFactory
  ],
  activate: (
    app: JupyterFrontEnd,
    live: ILive | null,
    shell: ILabShell,
    notebooks: INotebookTracker,
    mainMenu: IMainMenu | null,
    themes: IThemeManager | null,
    settings: ISettingRegistry | null,
    translator: ITranslator | null,
    executor: INotebookCellExecutor | null,
    custody: ICustody | null,
    files: IFileBrowserFactory | null
  ): IRoom | null => {
    if (live === null || custody === null) {
      return null;
    }
    const trans = (translator ?? nullTranslator).load('nbinterview');
    document.body.classList.add('jp-nbinterview-mod-room');
    keepSettings(app, settings);
    hideCommands(app.commands);
    const room = new Room(live, custody, trans, themes, settings);
    keepLockedCells(app.commands, notebooks, room.mayChangeLockedCells);
    shell.add(room.bar, 'header', { rank: 0 });
    notebooks.widgetAdded.connect((_, panel) => {
      room.adopt(panel);
    });
    notebooks.forEach(panel => {
      room.adopt(panel);
    });
    followWithdrawal(live, custody, room, trans);
    followEnd(app, live, room, files);
    void live.ready.then(({ role }) => {
      if (role === 'candidate') {
        return followLease(live, trans);
      }
    });
    live.heard('receipt').connect((_, { receipt }) => {
      room.notices.show(receiptNotice(receipt, trans));
    });
    if (executor !== null) {
      waitForKernel(executor);
    }
    followKernel(live, room, trans);
    followConnection(live, custody, room.notices, trans);
    followRefusal(custody, room, trans);
    void app.restored.then(() => {
      quietConnectionLoss(app.serviceManager);
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
    custody: ICustody,
    private readonly _trans: TranslationBundle,
    themes: IThemeManager | null,
    settings: ISettingRegistry | null
  ) {
    this._model = new RoomModel(live, custody);
    this.bar = new TitleBar({
      model: this._model,
      trans: _trans,
      pageUrl: this._pageUrl,
      toggleTheme: themes === null ? null : () => void toggleTheme(themes, settings)
    });
    Widget.attach(new NoticesWidget(this.notices, _trans), document.body);
    this._model.changed.connect(() => {
      this._sayEnded();
    });
  }

  readonly notices = new Notices();
  readonly bar: TitleBar;

  /** Whether the server would let this person: it does not tell a page its rules. */
  readonly mayChangeLockedCells = (): boolean => this._model.role !== 'candidate';

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
    keepLockedCellsInPlace(panel.content, this.mayChangeLockedCells);
    panel.disposed.connect(() => {
      this._notebook = null;
    });
    this._notebookOpened.emit(panel);
  }

  private _sayEnded(): void {
    // Once: a person who put it away knows.
    if (this._model.interviewState === 'ended' && !this._saidEnded) {
      this._saidEnded = true;
      this.notices.show(endedNotice(this._model.role, this._pageUrl, this._trans));
    }
  }

  private readonly _model: RoomModel;
  private readonly _pageUrl = PageConfig.getOption('nbinterviewPageUrl');
  private _saidEnded = false;
  private _notebook: NotebookPanel | null = null;
  private readonly _notebookOpened = new Signal<this, NotebookPanel>(this);
}

function endedNotice(
  role: Role | null,
  pageUrl: string,
  trans: TranslationBundle
): INotice {
  const notice = {
    id: 'ended',
    kind: 'hint',
    title: trans.__('The interview has ended'),
    closable: true
  } as const;
  if (role === 'candidate') {
    const text = trans.__(
      'Thank you. Your work is kept, and nothing more is watched. ' +
        'You can close this page.'
    );
    return { ...notice, text };
  }
  return {
    ...notice,
    text: trans.__('The report is on the interview’s page. You can close this one.'),
    link: { label: trans.__('Interview’s page'), url: pageUrl }
  };
}

/** One notebook, nothing beside it. */
async function openNotebook(app: JupyterFrontEnd, shell: ILabShell): Promise<void> {
  tidy(shell);
  for (const widget of [...shell.widgets('main')]) {
    if (!widget.hasClass('jp-NotebookPanel')) {
      widget.close();
    }
  }
  // An address with the notebook in it is JupyterLab's own to open.
  if (PageConfig.getOption('treePath') !== NOTEBOOK) {
    await app.commands.execute('docmanager:open', { path: NOTEBOOK });
  }
}

/** After the end nobody writes, and once the room is gone nothing asks for it. */
function followEnd(
  app: JupyterFrontEnd,
  live: ILive,
  room: Room,
  files: IFileBrowserFactory | null
): void {
  const lock = (): void => {
    if (live.welcome?.state === 'ended' && room.notebook !== null) {
      makeReadOnly(room.notebook);
    }
  };
  live.heard('state').connect(lock);
  live.welcomed.connect(lock);
  room.notebookOpened.connect((_, panel) => {
    void panel.context.ready.then(lock);
  });
  live.statusChanged.connect((_, status) => {
    if (status === 'closed') {
      closeServices(app.serviceManager, room.notebook, files);
    }
  });
}

/** A candidate's page that is not the one that counts asks what to do. */
async function followLease(live: ILive, trans: TranslationBundle): Promise<void> {
  const model = new ElsewhereModel(live);
  const { ElsewhereDialog } = await import('./elsewhereview');
  Widget.attach(new ElsewhereDialog(model, trans), document.body);
}

/** Whoever was put out is told so, and keeps what they see and what was not saved. */
function followWithdrawal(
  live: ILive,
  custody: ICustody,
  room: Room,
  trans: TranslationBundle
): void {
  live.statusChanged.connect((_, status) => {
    if (status === 'closed' && live.isWithdrawn) {
      room.notices.show(withdrawnNotice(custody.unsavedText(), trans));
      if (room.notebook !== null) {
        makeReadOnly(room.notebook);
      }
    }
  });
}

/** Say so when Python is gone: by the room's word, or because a new room has none. */
function followKernel(live: ILive, room: Room, trans: TranslationBundle): void {
  const restart = (): void => {
    if (room.notebook !== null) {
      room.notices.show(startingNotice(trans));
      startKernel(room.notebook).then(
        () => {
          room.notices.clear(KERNEL_NOTICE);
        },
        (error: unknown) => {
          console.warn('Python did not start:', error);
          room.notices.show(goneNotice('', restart, trans));
        }
      );
    }
  };
  let death: KernelMessage | null = null;
  const say = (kernel: KernelMessage): void => {
    const notice = kernelNotice(kernel, restart, trans);
    if (notice !== null) {
      room.notices.show(notice);
    } else {
      room.notices.clear(KERNEL_NOTICE);
      if (death !== null) {
        room.notices.show(againNotice(death.detail, trans));
      }
    }
    death = kernel.state === 'died' ? kernel : null;
  };
  live.heard('kernel').connect((_, kernel) => {
    say(kernel);
  });
  live.welcomed.connect((_, { kernel }) => {
    if (kernel !== null) {
      say(kernel);
    }
  });
  room.notebookOpened.connect((_, panel) => {
    const { sessionContext } = panel;
    withoutDialog(panel);
    sessionContext.kernelChanged.connect((_context, { oldValue, newValue }) => {
      const isLost = newValue === null && oldValue !== null;
      if (isLost && !sessionContext.isDisposed && live.status !== 'closed') {
        room.notices.show(goneNotice('', restart, trans));
      }
    });
  });
}

/**
 * Keep JupyterLab from telling a dead kernel by a dialog: it takes the focus and swallows
 * what is being typed. The room tells it by a notice. There is no setting for it.
 */
function withoutDialog(panel: NotebookPanel): void {
  const { _onSessionStatusChanged: tell } = panel as unknown as {
    _onSessionStatusChanged: Parameters<
      typeof panel.sessionContext.statusChanged.connect
    >[0];
  };
  panel.sessionContext.statusChanged.disconnect(tell, panel);
}

async function startKernel({ sessionContext, context }: NotebookPanel): Promise<void> {
  if (sessionContext.hasNoKernel) {
    await sessionContext.changeKernel({ name: context.model.defaultKernelName });
  } else {
    await sessionContext.restartKernel();
  }
  await sessionContext.session?.kernel?.info;
}

function keepSettings(app: JupyterFrontEnd, settings: ISettingRegistry | null): void {
  const { baseUrl } = app.serviceManager.serverSettings;
  const prefix = `nbinterview:settings:${baseUrl}:`;
  keepSettingsHere(app.serviceManager.settings, localStorage, prefix);
  for (const id of keptSettings(localStorage, prefix)) {
    void settings?.reload(id);
  }
}

/** From now on what this person chose, no longer what the system says. */
async function toggleTheme(
  themes: IThemeManager,
  settings: ISettingRegistry | null
): Promise<void> {
  const isLight = themes.theme === null || themes.isLight(themes.theme);
  await settings?.set('@jupyterlab/apputils-extension:themes', 'adaptive-theme', false);
  await themes.setTheme(isLight ? 'JupyterLab Dark' : 'JupyterLab Light');
}
