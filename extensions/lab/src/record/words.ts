/** The candidate's record in words. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { STEADY_HZ } from '@nbinterview/proctor';

import type { Allowance, Calibration, Frame } from '../wire';
import type { Outcome } from './model';

/** What became of a finding, kindly and without a verdict. */
export function outcomeWords(outcome: Outcome, trans: TranslationBundle): string {
  switch (outcome) {
    case 'nudge':
      return trans.__('A hint, shown to you alone then; it stays in the record');
    case 'warning':
      return trans.__('You were told');
    case 'flag':
      return trans.__('Flagged: a person will look at it');
    case 'short':
      return trans.__('Recorded; too short to count');
    case 'allowed':
      return trans.__('Recorded; the question allows it');
    case 'recorded_only':
      return trans.__('Recorded; never counts');
    case 'too_little_measured':
      return trans.__('Recorded; too little could be measured to count');
    case 'paused':
      return trans.__('Recorded; watching was paused');
  }
}

/** How well somebody's way of sitting is known. */
export function calibrationWords(
  calibration: Calibration | null,
  trans: TranslationBundle
): string {
  switch (calibration?.quality) {
    case 'good':
      return trans.__('Good: screen, keyboard and notes are known');
    case 'fair':
      return trans.__('Fair: most places are known');
    case 'rough':
      return trans.__('Rough: only far aside can be told');
    case 'none':
      return trans.__(
        'None: only far aside can be told, once the way of sitting is known'
      );
    case undefined:
      return trans.__('Not taken; only far aside can be told');
  }
}

/** What a question allows. */
export function allowanceWords(allowance: Allowance, trans: TranslationBundle): string {
  switch (allowance) {
    case 'documentation':
      return trans.__('Documentation and searching');
    case 'ai':
      return trans.__('AI assistants');
  }
}

/** How often the camera is measured, and that a slow device loses nothing by it. */
export function rateWords(rateHz: number | null, trans: TranslationBundle): string {
  if (rateHz === null) {
    return trans.__('Not measured yet');
  }
  const rate = trans.__('%1 times a second', Math.round(rateHz * 10) / 10);
  return rateHz < STEADY_HZ
    ? trans.__(
        '%1: this device is busy, so it measures less often, which is fine',
        rate
      )
    : rate;
}

/** The numbers of one frame that say something to a person. */
export function frameWords(frame: Frame, trans: TranslationBundle): string[] {
  const said = [
    frame.faces === 0 && frame.person !== undefined
      ? frame.person >= 0.5
        ? trans.__('somebody, whose face cannot be read')
        : trans.__('nobody found')
      : trans._n('%1 face', '%1 faces', frame.faces),
    trans.__('brightness %1 of 255', Math.round(frame.luma_mean)),
    trans.__('contrast %1', Math.round(frame.luma_std)),
    trans.__('movement %1', Math.round(frame.frame_diff * 10) / 10)
  ];
  if (frame.box !== undefined) {
    const share = Math.round((frame.box[2] ?? 0) * 100);
    said.push(trans.__('the face takes %1 % of the width', share));
  }
  return said;
}

/** Whether the room knows each second that this page still watches, and what if not. */
export type Beating = 'beating' | 'offline' | 'elsewhere' | 'paused' | 'off';

/** How the proof of watching stands, for the candidate. */
export function beatingWords(beating: Beating, trans: TranslationBundle): string {
  switch (beating) {
    case 'beating':
      return trans.__(
        'Once a second your browser tells the room that it is still here, and how many ' +
          'camera pictures it measured.'
      );
    case 'offline':
      return trans.__(
        'Not now: the connection is gone. The record will say that nobody knows about ' +
          'this time, and why, as far as the room can tell. By itself that is nothing ' +
          'against you.'
      );
    case 'elsewhere':
      return trans.__('By your other page: this one does not count.');
    case 'paused':
      return trans.__('Paused with the watching.');
    case 'off':
      return trans.__('None: nothing is watched.');
  }
}
