/** Where the room's own files are. */

import { PageConfig, URLExt } from '@jupyterlab/coreutils';

/** The folder of workers, WASM and models: the room's version, so that they may be cached. */
export function staticUrl(baseUrl: string): string {
  const version = PageConfig.getOption('nbinterviewVersion');
  return URLExt.join(baseUrl, 'nbinterview/static', version);
}
