/** What this browser saw of the record, to be kept outside of the platform. */

import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { download, receiptOf } from '../witness/receipt';
import type { Witness, WitnessStanding } from '../witness/witness';
import type { CheckpointMessage } from '../wire';
import { clockWords } from './clock';

interface IWitnessedProps {
  /** Null where this browser cannot be one. */
  witness: Witness | null;
  trans: TranslationBundle;
}

/** Folded away: it is there for who asks. */
export function Witnessed({ witness, trans }: IWitnessedProps): React.ReactElement {
  return (
    <section aria-label={trans.__('Witness of the record')}>
      <details className="jp-nbinterview-Witnessed">
        <summary>{trans.__('Can the record be changed later?')}</summary>
        <p>
          {trans.__(
            'Everything recorded hangs together: each entry is part of one sum, which the ' +
              'room signs every two seconds. Your browser keeps the newest sum and checks ' +
              'that each later one goes on from it. Whoever changes what was there, even ' +
              'on the server, is found out here. It cannot tell what was never recorded.'
          )}
        </p>
        {witness === null ? (
          <p>
            {trans.__(
              'This browser cannot do that: it checks no Ed25519 signatures here. A ' +
                'current Chrome, Edge, Firefox or Safari can, on a page that came by https.'
            )}
          </p>
        ) : (
          <Seen standing={witness.standing} trans={trans} />
        )}
      </details>
    </section>
  );
}

function Seen(props: {
  standing: WitnessStanding;
  trans: TranslationBundle;
}): React.ReactElement {
  const { standing, trans } = props;
  const seen = seenOf(standing);
  if (seen === null) {
    return <p>{trans.__('The room has shown no sum yet.')}</p>;
  }
  const { checkpoint, certificate } = seen;
  return (
    <>
      <dl className="jp-nbinterview-Facts">
        <div>
          <dt>{trans.__('Entries')}</dt>
          <dd>{checkpoint.size.toLocaleString()}</dd>
        </div>
        <div>
          <dt>{trans.__('Signed at')}</dt>
          <dd>{clockWords(checkpoint.time)}</dd>
        </div>
        <div>
          <dt>{trans.__('Sum')}</dt>
          <dd>
            <code title={checkpoint.root}>{checkpoint.root.slice(0, 16)}…</code>
          </dd>
        </div>
        <div>
          <dt>{trans.__('Room’s key')}</dt>
          <dd>
            <code>{checkpoint.key_id}</code>
            {certificate === null && trans.__(' (not certified yet)')}
          </dd>
        </div>
      </dl>
      <button
        className="jp-nbinterview-Button"
        onClick={() => {
          download(receiptOf(seen));
        }}
      >
        {trans.__('Keep it as a file')}
      </button>
    </>
  );
}

function seenOf(standing: WitnessStanding): CheckpointMessage | null {
  switch (standing.state) {
    case 'waiting':
      return null;
    case 'broken':
      return standing.broken.seen;
    case 'witnessed':
    case 'unproven':
      return standing.seen;
  }
}
