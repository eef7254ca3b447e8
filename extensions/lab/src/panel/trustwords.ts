/** Gaps, storage and the witness in words, for the panel. */

import type { TranslationBundle } from '@jupyterlab/translation';

import type { Break } from '../witness/store';
import type { WitnessStanding } from '../witness/witness';
import type { Gap, StorageMessage } from '../wire';

/** Why there is no proof of watching, as far as the room knows it. */
export function causeWords(cause: Gap['cause'], trans: TranslationBundle): string {
  switch (cause) {
    case 'hidden':
      return trans.__('the candidate’s page is not in front');
    case 'frozen':
      return trans.__('the browser or the computer put the page to sleep');
    case 'offline':
      return trans.__('the candidate’s page cannot be reached');
    case 'worker':
      return trans.__('the page answers, but what watches in it does not');
    case 'insecure':
      return trans.__('the page says that by plain http it can prove nothing');
    case 'camera':
      return trans.__('no pictures come from the camera');
    case 'reloaded':
      return trans.__('the page was loaded again');
    case 'second_tab':
      return trans.__('the candidate went on in another tab or on another device');
    case 'stopped':
      return trans.__('the page stopped watching');
    case 'room':
      return trans.__('this room’s own server was away');
    case 'unknown':
      return trans.__('not known why');
  }
}

/** Something that whoever leads the interview has to know now. */
export interface IAlarm {
  readonly id: 'storage' | 'witness';
  /** `alarm` something is wrong; `hint` something will be. */
  readonly tone: 'alarm' | 'hint';
  /** In a few words, for the title bar. */
  readonly short: string;
  readonly title: string;
  readonly text: string;
}

/** What is wrong with the record, the worst first. */
export function alarmsOf(
  storage: StorageMessage | null,
  witness: WitnessStanding | null,
  trans: TranslationBundle
): IAlarm[] {
  const found: IAlarm[] = [];
  if (witness?.state === 'broken') {
    found.push({
      id: 'witness',
      tone: 'alarm',
      short: trans.__('The record was changed'),
      title: trans.__('The record is not the one that this browser saw'),
      text: [
        breakWords(witness.broken.why, trans),
        trans.__(
          'Somebody or something changed what was recorded before, or lost it. The room ' +
            'was told, and this stays here. Keep the proof below, and ask whoever runs ' +
            'the platform.'
        )
      ].join(' ')
    });
  }
  if (storage !== null) {
    found.push(storageAlarm(storage, trans));
  }
  return found;
}

/** What does not fit, in a sentence. */
export function breakWords(why: Break, trans: TranslationBundle): string {
  switch (why) {
    case 'changed':
      return trans.__('What was recorded since does not go on from what was there.');
    case 'shorter':
      return trans.__('It is shorter now than it was.');
    case 'other':
      return trans.__('It has as many entries as before, but other ones.');
  }
}

function storageAlarm(
  { state, detail, waiting }: StorageMessage,
  trans: TranslationBundle
): IAlarm {
  switch (state) {
    case 'near_quota':
      return {
        id: 'storage',
        tone: 'hint',
        short: trans.__('Record nearly full'),
        title: trans.__('This room’s record is nearly full'),
        text: detail
      };
    case 'full':
      return {
        id: 'storage',
        tone: 'alarm',
        short: trans.__('Record full'),
        title: trans.__('This room’s record is full'),
        text: detail
      };
    case 'ok':
    case 'failing':
      return {
        id: 'storage',
        tone: 'alarm',
        ...(waiting > 0
          ? {
              short: trans.__('Not being saved'),
              title: trans.__('What happens now is not being saved'),
              text: [
                detail,
                trans._n('%1 entry waits.', '%1 entries wait.', waiting)
              ].join(' ')
            }
          : {
              short: trans.__('Trouble with the record'),
              title: trans.__('There is trouble with the record'),
              text: detail
            })
      };
  }
}
