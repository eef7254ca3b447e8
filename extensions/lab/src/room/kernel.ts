/** What to say when the kernel stopped or could not start. */

import type { TranslationBundle } from '@jupyterlab/translation';

import type { KernelMessage } from '../wire';
import type { INotice } from './notices';

const ID = 'kernel';

/** The notice for a kernel's state; null when there is nothing to say. */
export function kernelNotice(
  kernel: KernelMessage,
  restart: () => void,
  trans: TranslationBundle
): INotice | null {
  switch (kernel.state) {
    case 'died':
      return {
        id: ID,
        kind: 'problem',
        title: trans.__('Python stopped'),
        text: sentence(
          trans.__(
            'Your notebook is safe; only the variables are gone. Often a cell used ' +
              'more memory than there is. Start Python again, then run the cells that ' +
              'you need.'
          ),
          kernel.detail
        ),
        action: { label: trans.__('Start Python again'), run: restart }
      };
    case 'refused':
      return {
        id: ID,
        kind: 'problem',
        title: trans.__('Python cannot start here'),
        text: sentence(
          trans.__(
            'This is not your doing. You can go on writing, and the interviewers see ' +
              'this message too.'
          ),
          kernel.detail
        )
      };
    default:
      return null;
  }
}

function sentence(words: string, detail: string): string {
  return detail === '' ? words : `${words} (${detail})`;
}
