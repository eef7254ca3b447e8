/** What a check found, in words. */

import type { TranslationBundle } from '@jupyterlab/translation';

import type { Check, CheckedCell } from '../wire';

/** The whole in a sentence. */
export function verdict(check: Check, trans: TranslationBundle): string {
  if (check.state === 'running') {
    return trans.__('%1 of %2 cells', check.done, check.total);
  }
  if (check.state === 'failed') {
    return trans.__('It could not be checked.');
  }
  if (check.clean !== true) {
    return trans.__('No, it does not run to its end.');
  }
  return check.agree === true
    ? trans.__('Yes, and everything shows the same.')
    : trans.__('It runs without an error, but not everything shows the same.');
}

/** One cell's result. */
export function resultWords(
  result: CheckedCell['result'],
  trans: TranslationBundle
): string {
  switch (result) {
    case 'same':
      return trans.__('Same');
    case 'differs':
      return trans.__('Differs');
    case 'new':
      return trans.__('Was not run');
    case 'error':
      return trans.__('Error');
    case 'not_run':
      return trans.__('Not reached');
  }
}
