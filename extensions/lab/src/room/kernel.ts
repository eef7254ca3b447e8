/** What to say when the kernel stopped or could not start. */

import type { TranslationBundle } from '@jupyterlab/translation';

import type { KernelMessage } from '../wire';
import type { INotice } from './notices';

/** There is one notice about the kernel at a time. */
export const KERNEL_NOTICE = 'kernel';

/** What to say about a kernel that is gone. */
export function goneNotice(
  detail: string,
  restart: () => void,
  trans: TranslationBundle
): INotice {
  return {
    id: KERNEL_NOTICE,
    kind: 'problem',
    title: trans.__('Python stopped'),
    text: sentence(
      trans.__(
        'Your notebook is safe; only the variables are gone. Start Python again, then ' +
          'run the cells that you need.'
      ),
      detail
    ),
    action: { label: trans.__('Start Python again'), run: restart }
  };
}

/** What to say when the room itself started it again; it stays until it was read. */
export function againNotice(detail: string, trans: TranslationBundle): INotice {
  return {
    id: 'kernel-again',
    kind: 'hint',
    title: trans.__('Python was started again'),
    text: sentence(
      trans.__(
        'Your notebook is safe; only the variables are gone. Run the cells that you ' +
          'need again.'
      ),
      detail
    ),
    closable: true
  };
}

/** What to say while it comes; a cell that is run before then waits without a sign. */
export function startingNotice(trans: TranslationBundle): INotice {
  return {
    id: KERNEL_NOTICE,
    kind: 'hint',
    title: trans.__('Python is starting'),
    text: trans.__('This takes a few seconds. Cells that you run now wait for it.')
  };
}

/** What to say while a branch's Python is brought to where the other one was. */
function restoringNotice(detail: string, trans: TranslationBundle): INotice {
  return {
    id: KERNEL_NOTICE,
    kind: 'hint',
    title: trans.__('Python is being made ready'),
    text: trans.__('%1. Cells that you run now wait for it.', detail)
  };
}

/** The notice for a kernel's state; null when there is nothing to say. */
export function kernelNotice(
  kernel: KernelMessage,
  restart: () => void,
  trans: TranslationBundle
): INotice | null {
  switch (kernel.state) {
    case 'died':
      return goneNotice(kernel.detail, restart, trans);
    case 'refused':
      return {
        id: KERNEL_NOTICE,
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
    case 'starting':
      // Said only of a branch's Python, which takes as long as what was run before.
      return kernel.detail === '' ? null : restoringNotice(kernel.detail, trans);
    default:
      return null;
  }
}

function sentence(words: string, detail: string): string {
  return detail === '' ? words : `${words} (${detail})`;
}
