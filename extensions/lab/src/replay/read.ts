import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import type { Film } from '@nbinterview/replay';

/** Ask the room for the film up to now. */
export async function readFilm(settings: ServerConnection.ISettings): Promise<Film> {
  const url = URLExt.join(settings.baseUrl, 'nbinterview/api/v1/film');
  const answer = await ServerConnection.makeRequest(url, {}, settings);
  if (!answer.ok) {
    throw await ServerConnection.ResponseError.create(answer);
  }
  return (await answer.json()) as Film;
}
