/** What is wrong with the record: loud in the panel, and in the title bar without it. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import React from 'react';

import { download, receiptOf } from '../witness/receipt';
import type { Witness } from '../witness/witness';
import type { ProofModel } from './proof';
import { alarmsOf } from './trustwords';

export interface IAlarmsProps {
  proof: ProofModel;
  /** Null where this browser cannot be one. */
  witness: Witness | null;
  trans: TranslationBundle;
}

/** At the head of the panel. The title bar's own words are the ones that are read out. */
export function Alarms(props: IAlarmsProps): React.ReactElement | null {
  const { proof, trans, witness } = props;
  const standing = witness?.standing ?? null;
  const alarms = alarmsOf(proof.storage, standing, trans);
  return alarms.length === 0 ? null : (
    <section aria-label={trans.__('Wrong with the record')}>
      {alarms.map(({ id, tone, title, text }) => (
        <div key={id} className="jp-nbinterview-Alarm" data-tone={tone} data-alarm={id}>
          <strong>{title}</strong>
          <p>{text}</p>
          {id === 'witness' && standing?.state === 'broken' && (
            <button
              className="jp-nbinterview-Button"
              onClick={() => {
                download(receiptOf(standing.broken.seen));
              }}
            >
              {trans.__('Keep the proof')}
            </button>
          )}
        </div>
      ))}
    </section>
  );
}

/** In the title bar, where it is in view whatever is open, and read out at once. */
export class AlarmChips extends ReactWidget {
  /** @param show - Open the panel, where the rest is said. */
  constructor(
    private readonly _props: IAlarmsProps,
    private readonly _show: () => void
  ) {
    super();
    this.addClass('jp-nbinterview-AlarmChips');
    this.node.setAttribute('role', 'alert');
  }

  protected override render(): React.ReactElement {
    const { proof, trans, witness } = this._props;
    const chips = (): React.ReactElement => (
      <>
        {alarmsOf(proof.storage, witness?.standing ?? null, trans).map(alarm => (
          <button
            key={alarm.id}
            className="jp-nbinterview-Chip jp-nbinterview-AlarmChip"
            data-tone={alarm.tone}
            onClick={this._show}
          >
            {alarm.short}
          </button>
        ))}
      </>
    );
    return (
      <UseSignal signal={proof.changed}>
        {() =>
          witness === null ? (
            chips()
          ) : (
            <UseSignal signal={witness.changed}>{chips}</UseSignal>
          )
        }
      </UseSignal>
    );
  }
}
