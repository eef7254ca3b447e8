/** A witness on this page: WebCrypto, this browser's own storage, and the room's REST. */

import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import type { ILive } from '../tokens';
import type { Welcome } from '../wire';
import { WitnessStore } from './store';
import type { IPlace } from './store';
import { usableSubtle } from './support';
import { Witness } from './witness';
import type { Proof } from './witness';

/** The room's answers that mean: it has no such record. */
const REFUSED = [400, 404, 409, 416, 422];

/**
 * Follow the checkpoints that the room shows to this page.
 * @returns Null where this browser cannot check a signature.
 */
export async function openWitness(
  live: ILive,
  settings: ServerConnection.ISettings,
  { hub_name: hubName }: Welcome
): Promise<Witness | null> {
  const subtle = await usableSubtle(window.crypto);
  if (subtle === null) {
    return null;
  }
  const witness = new Witness({
    subtle,
    store: new WitnessStore(
      place(),
      `nbinterview:witness:${settings.baseUrl}:${hubName}`
    ),
    askForProof: (first, second) => askForProof(settings, first, second),
    report: report => live.witness(report),
    nowMs: () => Date.now()
  });
  const take = (welcome: Welcome | null): void => {
    if (welcome?.checkpoint !== undefined) {
      witness.show(welcome.checkpoint);
    }
    witness.reached();
  };
  live.heard('checkpoint').connect((_, message) => {
    witness.show(message);
  });
  live.welcomed.connect((_, welcome) => {
    take(welcome);
  });
  take(live.welcome);
  return witness;
}

function place(): IPlace | null {
  try {
    return window.localStorage;
  } catch {
    return null; // the browser keeps nothing for pages
  }
}

async function askForProof(
  settings: ServerConnection.ISettings,
  first: number,
  second: number
): Promise<Proof> {
  const url = URLExt.join(settings.baseUrl, 'nbinterview/api/v1/consistency');
  const query = URLExt.objectToQueryString({ first, second });
  const answer = await ServerConnection.makeRequest(url + query, {}, settings);
  if (REFUSED.includes(answer.status)) {
    return 'refused';
  }
  if (!answer.ok) {
    throw new Error(`The room answered ${answer.status}.`);
  }
  const { path } = (await answer.json()) as { path?: unknown };
  if (!Array.isArray(path) || !path.every(hash => typeof hash === 'string')) {
    throw new Error('The room’s answer is no proof.');
  }
  return { path };
}
