/** What to say and do when the room is away for long, or did not take an edit. */

import type { TranslationBundle } from '@jupyterlab/translation';

import type { ICustody, ILive, IRoom } from '../tokens';
import { makeReadOnly } from './end';
import type { INotice, Notices } from './notices';

/** A loss that lasts longer is worth more words than the bar's. */
export const LONG_LOSS_MS = 20_000;
const OFFLINE_NOTICE = 'offline';
const REFUSED_NOTICE = 'refused';

/** Say what to do when the room stays away; a short loss shows in the bar only. */
export function followConnection(
  live: ILive,
  custody: ICustody,
  notices: Notices,
  trans: TranslationBundle
): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isShown = false;
  const show = (): void => {
    isShown = true;
    notices.show(offlineNotice(custody.standing.survives, trans));
  };
  const look = (): void => {
    const { line, refusal } = custody.standing;
    const isAway = live.status === 'offline' || line === 'offline';
    if (!isAway || live.status === 'closed' || refusal !== null) {
      clearTimeout(timer);
      timer = undefined;
      isShown = false;
      notices.clear(OFFLINE_NOTICE);
    } else if (isShown) {
      show();
    } else {
      timer ??= setTimeout(show, LONG_LOSS_MS);
    }
  };
  live.statusChanged.connect(look);
  custody.changed.connect(look);
}

/** What to say about a loss. */
function offlineNotice(survives: boolean, trans: TranslationBundle): INotice {
  const keeps = survives
    ? trans.__(
        'You can go on writing: it connects again by itself, and what you type is kept ' +
          'in this browser until the room has it, also if you reload or close this page.'
      )
    : trans.__(
        'Please keep this page open: it connects again by itself, and this browser keeps ' +
          'nothing over a reload (a private window?). Copy what you typed to be safe.'
      );
  return {
    id: OFFLINE_NOTICE,
    kind: 'problem',
    title: trans.__('The room cannot be reached'),
    text: `${keeps} ${trans.__(
      'Being away like this is not held against anybody. If it lasts, check your own ' +
        'connection, then write to the person who invited you.'
    )}`
  };
}

/** Nobody writes on a page whose edits are not taken; the text is handed back. */
export function followRefusal(
  custody: ICustody,
  room: IRoom,
  trans: TranslationBundle
): void {
  let isSaid = false;
  const look = (): void => {
    const { refusal } = custody.standing;
    if (refusal !== null && !isSaid) {
      isSaid = true;
      room.notices.show(
        refusedNotice(
          refusal.detail,
          refusal.text,
          () => void openAgain(custody),
          trans
        )
      );
    }
    if (refusal !== null && room.notebook !== null) {
      makeReadOnly(room.notebook);
    }
  };
  custody.changed.connect(look);
  room.notebookOpened.connect((_, panel) => {
    void panel.context.ready.then(look);
  });
  if (custody.handedBack.text !== '') {
    room.notices.show(handedBackNotice(custody, trans));
  }
}

/** What to say when the room did not take an edit. */
export function refusedNotice(
  detail: string,
  text: string,
  openAgain: () => void,
  trans: TranslationBundle
): INotice {
  const words = trans.__(
    'The room could not take your last edits, so this page stopped: nothing more that ' +
      'you type here would be saved. Everything before is safe.'
  );
  const next =
    text === ''
      ? trans.__('Open the notebook again to go on.')
      : trans.__('Copy your text below, open the notebook again, and paste it there.');
  return {
    id: REFUSED_NOTICE,
    kind: 'problem',
    title: trans.__('The last edits were not saved'),
    text: [words, ...(detail === '' ? [] : [`(${detail})`]), next].join(' '),
    ...(text === '' ? {} : { excerpt: text }),
    action: { label: trans.__('Open the notebook again'), run: openAgain }
  };
}

function handedBackNotice(custody: ICustody, trans: TranslationBundle): INotice {
  return {
    id: REFUSED_NOTICE,
    kind: 'hint',
    title: trans.__('Your text that was not saved'),
    text: trans.__('Copy it and paste it where it belongs. Everything else is saved.'),
    excerpt: custody.handedBack.text,
    closable: true,
    onClose: () => {
      custody.handedBack.forget();
    }
  };
}

/** Load the page anew, once this browser forgot what was refused. */
async function openAgain(custody: ICustody): Promise<void> {
  await custody.flushed();
  window.location.reload();
}
