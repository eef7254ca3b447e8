import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { PageConfig, URLExt } from '@jupyterlab/coreutils';
import type { ServerConnection } from '@jupyterlab/services';
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

function openSocket(settings: ServerConnection.ISettings): ISocket {
  const url = new URL(URLExt.join(settings.wsUrl, 'nbinterview/api/v1/live'));
  if (settings.appendToken && settings.token !== '') {
    url.searchParams.set('token', settings.token);
  }
  return new settings.WebSocket(url.href) as ISocket;
}
