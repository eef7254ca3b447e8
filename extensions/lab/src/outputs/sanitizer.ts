/** The sanitiser of what people wrote into Markdown cells: JupyterLab's, and less. */

import { Sanitizer } from '@jupyterlab/apputils';
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';

import { tamed } from './tame';

/** JupyterLab's sanitiser without commands, guessed links, requests and the page's classes. */
export class RoomSanitizer extends Sanitizer {
  constructor() {
    super();
    this.setAllowCommandLinker(false);
    this.setAllowNamedProperties(false);
    this.setAutolink(false);
  }

  override sanitize(dirty: string, options?: IRenderMime.ISanitizerOptions): string {
    return tamed(super.sanitize(dirty, options));
  }
}
