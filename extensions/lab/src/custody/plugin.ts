import { IDocumentProviderFactory } from '@jupyter/docprovider';
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { PageConfig, URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import { openKept } from '../kept/open';
import { covers } from '../live/erasing';
import { ICustody, ILive } from '../tokens';
import type { IDocumentSocket } from './line';
// eslint-disable-next-line jupyter/prefer-lazy-imports -- every page has a notebook
import { NotAdmitted } from './line';
import type { IKeptUpdate } from './outbox';
// eslint-disable-next-line jupyter/prefer-lazy-imports -- every page has a notebook
import { Outbox } from './outbox';
import type { ISession } from './provider';
// eslint-disable-next-line jupyter/prefer-lazy-imports -- every page has a notebook
import { RoomProvider } from './provider';
import { Custody } from './standing';
import type { IHandedBack } from './standing';

type Options = IDocumentProviderFactory.IOptions;
type Settings = ServerConnection.ISettings;

/** Says how it stands with what this person writes. */
const custodyPlugin: JupyterFrontEndPlugin<ICustody> = {
  id: '@nbinterview/lab:custody',
  description: 'Whether what is typed is saved, and what to do when it cannot be.',
  autoStart: true,
  provides: ICustody,
  activate: (app: JupyterFrontEnd): ICustody => {
    const { baseUrl } = app.serviceManager.serverSettings;
    const handedBack = new HandedBack(`nbinterview:handed-back:${baseUrl}`);
    const custody = new Custody(handedBack);
    custody.changed.connect(() => {
      const { refusal } = custody.standing;
      if (refusal !== null) {
        handedBack.keep(refusal.text);
      }
    });
    followPage(custody);
    return custody;
  }
};

/** Opens the notebook through our own provider instead of jupyter-collaboration's. */
const providerPlugin: JupyterFrontEndPlugin<IDocumentProviderFactory> = {
  id: '@nbinterview/lab:document-provider',
  description: 'The shared notebook, kept in this browser until the room has saved it.',
  autoStart: true,
  provides: IDocumentProviderFactory,
  requires: [ICustody, ILive],
  activate: (
    app: JupyterFrontEnd,
    custody: ICustody,
    live: ILive
  ): IDocumentProviderFactory => ({
    create: (options: Options) => {
      const settings = options.serverSettings ?? app.serviceManager.serverSettings;
      const { awareness, ydoc } = options.model;
      const provider = new RoomProvider({
        doc: ydoc,
        awareness,
        contentType: options.contentType,
        format: options.format,
        openOutbox: () => openOutbox(settings, live),
        isReader: () => live.welcome?.role === 'reviewer',
        askForSession: signal => askForSession(settings, options, signal),
        openSocket: session => openSocket(settings, session),
        nowMs: () => Date.now(),
        random: () => Math.random()
      });
      const tellUser = (): void => {
        awareness.setLocalStateField('user', options.user.identity);
      };
      void options.user.ready.then(tellUser);
      options.user.userChanged.connect(tellUser);
      custody.follow(provider);
      let wasOnline = false;
      provider.changed.connect(() => {
        if (provider.isOnline && !wasOnline) {
          live.connect(); // the room answers: no need to wait for the next try
        }
        wasOnline = provider.isOnline;
      });
      return provider;
    }
  })
};

/** In a room only: elsewhere jupyter-collaboration's own provider stays. */
export const custodyPlugins: JupyterFrontEndPlugin<unknown>[] =
  PageConfig.getOption('nbinterviewRoom') === 'true'
    ? [custodyPlugin, providerPlugin]
    : [];

/** The outbox of the person at this page, whom the room names. */
async function openOutbox({ baseUrl }: Settings, live: ILive): Promise<Outbox> {
  const { hub_name: hubName } = await live.ready;
  const kept = await openKept<IKeptUpdate>(`nbinterview:edits:${baseUrl}:${hubName}`);
  live.heard('erase').connect((_, { kinds }) => {
    if (covers(kinds, 'document')) {
      void kept.purge(() => true);
    }
  });
  const finishIfOver = (): void => {
    if (live.welcome?.state === 'ended') {
      kept.finish();
    }
  };
  live.heard('state').connect(finishIfOver);
  live.welcomed.connect(finishIfOver);
  finishIfOver();
  return new Outbox(kept);
}

async function askForSession(
  settings: Settings,
  { path, format, contentType }: Options,
  signal: AbortSignal
): Promise<ISession> {
  const url = URLExt.join(
    settings.baseUrl,
    'api/collaboration/session',
    encodeURIComponent(path)
  );
  const body = JSON.stringify({ format, type: contentType });
  const response = await ServerConnection.makeRequest(
    url,
    { method: 'PUT', body, signal },
    settings
  );
  if (response.status >= 400 && response.status < 500) {
    throw new NotAdmitted(response.statusText);
  }
  if (!response.ok) {
    throw new ServerConnection.ResponseError(response);
  }
  const found = (await response.json()) as Record<
    'format' | 'type' | 'fileId' | 'sessionId',
    string
  >;
  return {
    room: `${found.format}:${found.type}:${found.fileId}`,
    id: found.sessionId
  };
}

function openSocket(settings: Settings, { room, id }: ISession): IDocumentSocket {
  const url = new URL(URLExt.join(settings.wsUrl, 'api/collaboration/room', room));
  url.searchParams.set('sessionId', id);
  if (settings.appendToken && settings.token !== '') {
    url.searchParams.set('token', settings.token);
  }
  return new settings.WebSocket(url.href) as IDocumentSocket;
}

/** The page sleeps, wakes up, loses its network, and goes. */
function followPage(custody: Custody): void {
  const check = (): void => {
    custody.check();
  };
  for (const event of ['online', 'offline', 'pageshow']) {
    window.addEventListener(event, check);
  }
  for (const event of ['visibilitychange', 'resume']) {
    document.addEventListener(event, () => {
      if (document.visibilityState === 'visible') {
        check();
      }
    });
  }
  window.addEventListener('pagehide', () => {
    custody.leave();
  });
  window.addEventListener('beforeunload', event => {
    const { unsaved, survives } = custody.standing;
    if (unsaved > 0 && !survives) {
      event.preventDefault();
    }
  });
}

/** The text that the room did not take, until the person at this page put it away. */
class HandedBack implements IHandedBack {
  constructor(private readonly _name: string) {
    try {
      this.text = sessionStorage.getItem(_name) ?? '';
    } catch {
      // This browser keeps nothing; then there is nothing to hand back.
    }
  }

  text = '';

  keep(text: string): void {
    try {
      sessionStorage.setItem(this._name, text);
    } catch (error) {
      console.warn('This browser does not keep the text over a reload:', error);
    }
  }

  forget(): void {
    sessionStorage.removeItem(this._name);
  }
}
