/** What the page says about the person's work: is it kept? */

import type { TranslationBundle } from '@jupyterlab/translation';

import type { IStanding } from '../custody/standing';
import type { InterviewState } from '../wire';

/**
 * `saved` and `saving` are the room's word; `offline` is what this page sees itself;
 * `refused` is what the room did not take; `kept` and `late` are after the interview's
 * end: the record has everything, or the room went before it did.
 */
export type SavedState =
  'connecting' | 'saved' | 'saving' | 'offline' | 'refused' | 'kept' | 'late';

/**
 * Work out what to say.
 *
 * @param standing - How it stands with what this page wrote.
 * @param state - Where the interview stands; null before the room said so.
 */
export function savedState(
  { line, saving, unsaved, refusal }: IStanding,
  state: InterviewState | null
): SavedState {
  if (refusal !== null) {
    return 'refused';
  }
  if (state === 'ended') {
    const waiting = line === 'online' ? 'saving' : 'late';
    return unsaved > 0 ? waiting : 'kept';
  }
  if (line !== 'online') {
    return line;
  }
  return saving === 'none' ? 'saved' : 'saving';
}

/** The words for it, beside its mark. */
export function savedWords(
  state: SavedState,
  { saving, unsaved, survives }: IStanding,
  trans: TranslationBundle
): string {
  const edits = trans._n('%2 edit', '%2 edits', unsaved, unsaved.toLocaleString());
  switch (state) {
    case 'connecting':
      return trans.__('Connecting…');
    case 'saved':
      return trans.__('Saved');
    case 'saving':
      return saving === 'long' ? trans.__('Saving %1…', edits) : trans.__('Saving…');
    case 'offline':
      if (unsaved === 0) {
        return trans.__('Offline. Your work is saved');
      }
      return survives
        ? trans.__('Offline. %1 kept in this browser', edits)
        : trans.__('Offline. %1 on this page only: keep it open', edits);
    case 'refused':
      return trans.__('Not saved');
    case 'kept':
      return trans.__('Work kept');
    case 'late':
      return trans.__('%1 came after the end', edits);
  }
}

/** The states that are read out; what comes and goes with each keystroke is not. */
export type ToldState = Exclude<SavedState, 'connecting' | 'saving'>;

/**
 * What was last worth reading out.
 *
 * @param told - What was before; null as long as nothing was.
 */
export function toldState(told: ToldState | null, state: SavedState): ToldState | null {
  if (state === 'connecting' || state === 'saving') {
    return told;
  }
  return state === 'saved' && told === null ? null : state;
}

/** The words to read out. */
export function toldWords(
  told: ToldState | null,
  survives: boolean,
  trans: TranslationBundle
): string {
  switch (told) {
    case null:
      return '';
    case 'saved':
      return trans.__('Connected again. Everything is saved.');
    case 'offline':
      return survives
        ? trans.__('Not connected. What you type is kept in this browser.')
        : trans.__('Not connected. What you type is on this page only. Keep it open.');
    case 'refused':
      return trans.__('The last edits were not saved.');
    case 'kept':
      return trans.__('All your work is kept.');
    case 'late':
      return trans.__('The last edits came after the end.');
  }
}
