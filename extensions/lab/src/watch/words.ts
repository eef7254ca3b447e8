/** What a candidate is told about each sensor, in plain words. */

import type { TranslationBundle } from '@jupyterlab/translation';

import type { Sensor } from '../wire';

export interface ISensorWords {
  /** Its name on the page. */
  name: string;
  /** Its name within a sentence. */
  short: string;
  /** What is measured. */
  measured: string;
  /** What stays on the device. */
  stays: string;
}

/** The words for one sensor. */
export function sensorWords(sensor: Sensor, trans: TranslationBundle): ISensorWords {
  switch (sensor) {
    case 'camera':
      return {
        name: trans.__('Camera for watching'),
        short: trans.__('camera'),
        measured: trans.__(
          'Whether somebody is in the picture and how many, where and how large the face ' +
            'is and which way it is turned, where the irises are and how open the eyes ' +
            'are; how bright the picture is, its contrast, and how much of it changes. ' +
            'Also the camera’s kind and how many cameras there are, as information only. ' +
            'Your own device works this out.'
        ),
        stays: trans.__(
          'The picture. No photo, no video and no image of your face is sent or kept ' +
            'anywhere, only numbers for what is named above.'
        )
      };
    case 'focus':
      return {
        name: trans.__('This page'),
        short: trans.__('focus'),
        measured: trans.__(
          'Whether this tab is in front, whether its window has the keyboard, whether ' +
            'it fills the screen, and whether there is more than one display, where the ' +
            'browser says so. A click into an output, a dialog or a permission question ' +
            'is not leaving.'
        ),
        stays: trans.__(
          'Everything else on your computer: which other pages and programs you use.'
        )
      };
    case 'clipboard':
      return {
        name: trans.__('Copy and paste'),
        short: trans.__('clipboard'),
        measured: trans.__(
          'When you copy, cut or paste in the notebook: how many characters, in which ' +
            'cell, and whether the text comes from this notebook.'
        ),
        stays: trans.__(
          'What is on your clipboard. Text that you paste into the notebook is in the ' +
            'notebook, as if you had typed it.'
        )
      };
  }
}

/** The words for what is recorded as the work itself. */
export function notebookWords(trans: TranslationBundle): Omit<ISensorWords, 'short'> {
  return {
    name: trans.__('Your notebook'),
    measured: trans.__(
      'What you write and run in it, and what it puts out. Also, once a second, how many ' +
        'characters came in by keys, an input method or dictation, completion, paste, ' +
        'drop or undo; and whether code tried to reach the network or start a program.'
    ),
    stays: trans.__(
      'Which keys you press and the rhythm of your typing. Nobody is recognised by it.'
    )
  };
}

/** After how long something is told or flagged; null is never. */
export function afterWords(after_s: number | null, trans: TranslationBundle): string {
  if (after_s === null) {
    return '–';
  }
  return after_s <= 0
    ? trans.__('at once')
    : trans.__('after %1', seconds(after_s, trans));
}

/** A duration as people say it: `8 s`, `2 min`, `1.5 min`. */
export function seconds(value_s: number, trans: TranslationBundle): string {
  return value_s < 60
    ? trans.__('%1 s', round(value_s))
    : trans.__('%1 min', round(value_s / 60));
}

function round(value: number): string {
  return String(Math.round(value * 10) / 10);
}
