/** A page that can sign no beats: its candidate is told kindly, and the room hears why. */

import type { TranslationBundle } from '@jupyterlab/translation';

import type { INotice, Notices } from '../room/notices';
import type { ILive } from '../tokens';

/** What is needed to say it. */
export interface IUnsignedOptions {
  live: ILive;
  notices: Notices;
  /** `isSecureContext` of this page: plain http gives no keys, except on this computer. */
  isSecure: boolean;
  trans: TranslationBundle;
}

/** Say it once, as soon as it is known and this page is the one that counts. */
export function sayUnsigned(options: IUnsignedOptions): void {
  const { live, notices, isSecure, trans } = options;
  let isSaid = false;
  const look = (): void => {
    if (!isSaid && live.beats.hasFailed && live.isActive) {
      isSaid = true;
      live.record({ name: 'beats', state: isSecure ? 'failed' : 'insecure' });
      notices.show(unsignedNotice(isSecure, trans));
    }
  };
  live.beats.failed.connect(look);
  live.heard('lease').connect(look);
  live.welcomed.connect(look);
  look();
}

function unsignedNotice(isSecure: boolean, trans: TranslationBundle): INotice {
  return {
    id: 'unsigned',
    kind: 'problem',
    title: trans.__('This page cannot prove that it watches'),
    text: isSecure
      ? trans.__(
          'Your browser cannot sign here. Your work is kept all the same. Please open ' +
            'your link in a current Chrome, Edge or Firefox, or write to the person who ' +
            'invited you: the interviewers see that the proof is missing.'
        )
      : trans.__(
          'Its address begins with http://, and on such a page browsers sign nothing. ' +
            'Your work is kept all the same, and the interviewers read that it is the ' +
            'address and not you. Please ask the person who invited you for a link that ' +
            'begins with https://.'
        ),
    closable: true
  };
}
