import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { PageConfig, URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import { UUID } from '@lumino/coreutils';

import { openKept } from '../kept/open';
import { ILive } from '../tokens';
import type { IHeartWorker } from './beats';
import { Beats } from './beats';
// eslint-disable-next-line jupyter/prefer-lazy-imports -- activation needs it at once
import { LiveClient } from './client';
import type { ISocket } from './line';
import type { ILoads } from './loads';
import { ALONE, Loads } from './loads';
import type { ISpooled } from './spool';
import { Spool } from './spool';
import { staticUrl } from './statics';

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
    const bootId = UUID.uuid4();
    const client = new LiveClient({
      bootId,
      spool: await openSpool(`nbinterview:${settings.baseUrl}`, bootId),
      pulse: new Beats({
        bootId,
        createWorker: () => heartWorker(settings.baseUrl),
        originMs: performance.timeOrigin,
        monotonicMs: () => performance.now()
      }),
      openSocket: () => openSocket(settings),
      isAdmitted: () => isAdmitted(settings),
      monotonicMs: () => performance.now(),
      random: () => Math.random()
    });
    const doubt = (): void => {
      client.doubt();
    };
    window.addEventListener('online', doubt);
    document.addEventListener('resume', doubt);
    client.connect();
    return client;
  }
};

/** The spool of this room, without what other open pages of it are to send. */
async function openSpool(name: string, bootId: string): Promise<Spool> {
  const loads = await holdLoads(name, bootId);
  const spool = new Spool(await openKept<ISpooled>(name), loads);
  await spool.claim();
  return spool;
}

async function holdLoads(name: string, bootId: string): Promise<ILoads> {
  // Typed as always there, yet absent outside secure contexts.
  const { locks } = navigator as { locks?: LockManager };
  if (locks === undefined) {
    return ALONE;
  }
  const loads = new Loads(locks, name);
  await loads.claim(bootId);
  return loads;
}

function heartWorker(baseUrl: string): IHeartWorker {
  const url = `${staticUrl(baseUrl)}/heartbeat.js`;
  return new Worker(url, { type: 'module', name: 'nbinterview-heartbeat' });
}

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
