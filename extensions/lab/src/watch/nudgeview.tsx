/** Where a nudge is shown and read out politely: no box to close, nothing to click. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import React from 'react';

import type { Nudges } from './nudges';

/** One quiet line at the page's lower edge. */
export class NudgeLine extends ReactWidget {
  constructor(
    private readonly _nudges: Nudges,
    trans: TranslationBundle
  ) {
    super();
    this.addClass('jp-nbinterview-Nudge');
    this.node.setAttribute('role', 'status');
    this.node.setAttribute('aria-live', 'polite');
    this.node.setAttribute('aria-label', trans.__('Quiet words'));
  }

  protected override render(): React.ReactElement {
    return (
      <UseSignal signal={this._nudges.changed}>
        {() => {
          const { shown } = this._nudges;
          return shown === null ? null : <p key={shown.episode_id}>{shown.text}</p>;
        }}
      </UseSignal>
    );
  }
}
