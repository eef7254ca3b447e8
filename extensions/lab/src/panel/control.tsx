/** What an interviewer may do about the watching: pause it, and say what is allowed. */

import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useState } from 'react';

import { allowanceWords } from '../record/words';
import type { Action, Allowance } from '../wire';
import type { PanelModel } from './model';

const ALLOWANCES: readonly Allowance[] = ['documentation', 'ai'];

interface IControlProps {
  model: PanelModel;
  act: ((action: Omit<Action, 'type'>) => boolean) | null;
  trans: TranslationBundle;
}

/** Two checkboxes and a button; for who may not, the words alone. */
export function Control(props: IControlProps): React.ReactElement {
  const { act, model, trans } = props;
  const { allows, paused } = model.watching;
  const [isAway, setAway] = useState(false);
  // What is shown is what the room says, so a box changes with its answer.
  const ask = (action: Omit<Action, 'type'>): void => {
    setAway(act?.(action) !== true);
  };
  return (
    <fieldset className="jp-nbinterview-Control">
      <legend>{trans.__('The question allows')}</legend>
      {ALLOWANCES.map(allowance => (
        <label key={allowance}>
          <input
            type="checkbox"
            checked={allows.includes(allowance)}
            disabled={act === null}
            onChange={event => {
              const others = allows.filter(each => each !== allowance);
              ask({
                action: 'set_allows',
                allows: event.target.checked ? [...others, allowance] : others
              });
            }}
          />
          {allowanceWords(allowance, trans)}
        </label>
      ))}
      <p className="jp-nbinterview-Panel-note" role="status">
        {isAway
          ? trans.__('The room cannot be reached just now; nothing was changed.')
          : paused
            ? trans.__(
                'Watching is paused. The candidate sees this, and nothing counts.'
              )
            : ''}
      </p>
      {act !== null && (
        <button
          className="jp-nbinterview-Button"
          onClick={() => {
            ask({ action: paused ? 'resume_watching' : 'pause_watching' });
          }}
        >
          {paused ? trans.__('Watch again') : trans.__('Pause watching')}
        </button>
      )}
    </fieldset>
  );
}
