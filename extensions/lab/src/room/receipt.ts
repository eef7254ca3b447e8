/** The receipt that a candidate takes along at the end. */

import type { TranslationBundle } from '@jupyterlab/translation';

import { download } from '../witness/receipt';
import type { Receipt } from '../wire';
import type { INotice } from './notices';

/** What to say about it. */
export function receiptNotice(receipt: Receipt, trans: TranslationBundle): INotice {
  return {
    id: 'receipt',
    kind: 'hint',
    title: trans.__('Your receipt'),
    text: trans.__(
      'A small file with the signed sum of everything recorded here. Should anybody ever ' +
        'show another record of this interview, it proves that yours was different. Keep ' +
        'it if you like; it holds nothing of your work.'
    ),
    action: {
      label: trans.__('Save my receipt'),
      run: () => {
        download(receipt);
      }
    },
    closable: true
  };
}
