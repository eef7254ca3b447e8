import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { PageConfig, URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import { UUID } from '@lumino/coreutils';

import { openKept } from '../kept/open';
import { ILive } from '../tokens';
// eslint-disable-next-line jupyter/prefer-lazy-imports -- activation needs it at once
import { LiveClient } from './client';
import type { ISocket } from './client';
import { Spool } from './spool';

/** Opens the page's one live connection, if the server is an interview's room. */
export const livePlugin: JupyterFrontEndPlugin<ILive | null> = {
  id: '@nbinterview/lab:live',
  description: "The page's one live connection to its interview room.",
  autoStart: true,
  provides: ILive,
  activate: async (app: JupyterFrontEnd): Promise<ILive | null> => {
    if (PageConfig.getOption('nbinterviewRoom') !== 'true') {
      return null;
    }
    const settings = app.serviceManager.serverSettings;
    const client = new LiveClient({
      bootId: UUID.uuid4(),
      spool: new Spool(await openKept(`nbinterview:${settings.baseUrl}`)),
      openSocket: () => openSocket(settings),
      isAdmitted: () => isAdmitted(settings),
      monotonicMs: () => performance.now(),
      random: () => Math.random()
    });
    window.addEventListener('online', () => {
      client.connect();
    });
    client.connect();
    return client;
  }
};

/** The reason of the room's door; `authorizer.py` there. */
const NO_PART = 'No Part In The Interview';

async function isAdmitted(settings: ServerConnection.ISettings): Promise<boolean> {
  try {
    const url = URLExt.join(settings.baseUrl, 'api/me');
    const answer = await ServerConnection.makeRequest(url, {}, settings);
    if (answer.status !== 403) {
      return true;
    }
    const { reason } = (await answer.json()) as { reason?: unknown };
    return reason !== NO_PART;
  } catch {
    return true; // nobody answers, or not the room
  }
}

function openSocket(settings: ServerConnection.ISettings): ISocket {
  const url = new URL(URLExt.join(settings.wsUrl, 'nbinterview/api/v1/live'));
  if (settings.appendToken && settings.token !== '') {
    url.searchParams.set('token', settings.token);
  }
  return new settings.WebSocket(url.href) as ISocket;
}
