/** The question on a candidate's page that is not the one that counts. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import React, { useEffect, useRef } from 'react';

import type { ElsewhereModel, Place } from './elsewhere';

/** Covers the page while another one counts. */
export class ElsewhereDialog extends ReactWidget {
  constructor(
    private readonly _model: ElsewhereModel,
    private readonly _trans: TranslationBundle
  ) {
    super();
    this.addClass('jp-nbinterview-Elsewhere');
  }

  protected override render(): React.ReactElement {
    return (
      <UseSignal signal={this._model.changed}>
        {() =>
          this._model.place === 'here' ? null : (
            <Question
              model={this._model}
              place={this._model.place}
              trans={this._trans}
            />
          )
        }
      </UseSignal>
    );
  }
}

function Question(props: {
  model: ElsewhereModel;
  place: Exclude<Place, 'here'>;
  trans: TranslationBundle;
}): React.ReactElement {
  const { model, place, trans } = props;
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    // The browser keeps the rest of the page out of reach, and gives the focus back.
    dialog.current?.showModal();
  }, []);
  return (
    <dialog
      ref={dialog}
      className="jp-nbinterview-Elsewhere-dialog"
      aria-labelledby="jp-nbinterview-elsewhere-title"
      aria-describedby="jp-nbinterview-elsewhere-text"
      onCancel={event => {
        event.preventDefault(); // Escape answers nothing here
      }}
      onKeyDown={event => {
        event.stopPropagation(); // no shortcut of the room's behind it
      }}
    >
      <h1 id="jp-nbinterview-elsewhere-title">{titleWords(place, trans)}</h1>
      <p id="jp-nbinterview-elsewhere-text">
        {trans.__(
          'Only one page counts at a time, and your work is the same on both: nothing is ' +
            'lost. Go on here, or close this page and go on in the other one.'
        )}
      </p>
      <div className="jp-nbinterview-Elsewhere-actions">
        <p role="status">
          {model.isUnheard
            ? trans.__('That did not work just now. Try again in a moment.')
            : ''}
        </p>
        <button
          className="jp-nbinterview-Button jp-mod-primary"
          aria-disabled={place === 'asking'}
          onClick={() => {
            if (place !== 'asking') {
              model.goOnHere();
            }
          }}
        >
          {place === 'asking' ? trans.__('One moment…') : trans.__('Go on here')}
        </button>
      </div>
    </dialog>
  );
}

function titleWords(place: Exclude<Place, 'here'>, trans: TranslationBundle): string {
  return place === 'gone'
    ? trans.__('You went on in another tab or on another device')
    : trans.__('This interview is open in another tab or on another device');
}
