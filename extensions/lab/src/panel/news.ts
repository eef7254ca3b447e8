/** What is read out when it is new; short, and without what changes each second. */

import type { TranslationBundle } from '@jupyterlab/translation';

import type { Lease } from '../wire';
import type { Line } from './findings';
import { isOpenGap } from './proof';
import { causeWords } from './trustwords';

/** The newest line in words; empty before there is one. */
export function newsWords(line: Line | null, trans: TranslationBundle): string {
  switch (line?.kind) {
    case undefined:
      return '';
    case 'gap':
      return isOpenGap(line.gap)
        ? trans.__('No proof of watching: %1.', causeWords(line.gap.cause, trans))
        : trans.__('Proof of watching again.');
    case 'warning':
      return line.isOver
        ? trans.__('Told the candidate; it passed.')
        : trans.__('Telling the candidate now: %1', line.warning.text);
    case 'flag':
      return trans.__('Flag: %1.', line.flag.title);
  }
}

/** More than one page of the candidate is worth a word. */
export function pagesWords(lease: Lease | null, trans: TranslationBundle): string {
  return lease !== null && lease.pages > 1
    ? trans.__('The candidate has %1 pages open; one of them counts.', lease.pages)
    : '';
}
