/** What the kernel uses, in the title bar. */

import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { UsageMessage } from '../wire';
import { uses } from './usage';

/** Small and quiet; what is nearly full is said in words. Nothing without a kernel. */
export function Usage(props: {
  usage: UsageMessage | null;
  trans: TranslationBundle;
}): React.ReactElement | null {
  const { usage, trans } = props;
  if (usage === null) {
    return null;
  }
  const found = uses(usage, trans);
  const hints = found.flatMap(({ hint }) => (hint === null ? [] : [hint]));
  return (
    <>
      <ul className="jp-nbinterview-Usage" aria-label={trans.__('What Python uses')}>
        {found.map(({ what, name, value, words, hint }) => (
          <li
            key={what}
            data-what={what}
            data-near={hint !== null}
            title={hint ?? words}
          >
            <span className="jp-nbinterview-Told">{words}</span>
            <span aria-hidden="true">
              {name} <b>{value}</b>
              {hint !== null && <i> {trans.__('nearly full')}</i>}
            </span>
          </li>
        ))}
      </ul>
      {/* Said once, when it becomes so: the numbers change every two seconds. */}
      <span className="jp-nbinterview-Told" role="status">
        {hints.join(' ')}
      </span>
    </>
  );
}
