/** Asking the room over HTTP. */

import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import type { Check } from '../wire';

/** Ask for a check; rejects with the room's own words. */
export async function askForCheck(
  settings: ServerConnection.ISettings
): Promise<Check> {
  const url = URLExt.join(settings.baseUrl, 'nbinterview/api/v1/check');
  const answer = await ServerConnection.makeRequest(url, { method: 'POST' }, settings);
  const body: unknown = await answer.json();
  if (answer.status !== 202) {
    throw new Error((body as { detail?: string }).detail ?? answer.statusText);
  }
  return body as Check;
}
