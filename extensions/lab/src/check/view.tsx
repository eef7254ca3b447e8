/** The check's part of the side: does the notebook run from the top? */

import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import React from 'react';

import type { Check, CheckedCell } from '../wire';
import type { CheckModel } from './model';
import { resultWords, verdict } from './words';

interface ICheckProps {
  model: CheckModel;
  trans: TranslationBundle;
  /** Whether this person may ask for a check; the others see what comes out. */
  mayAsk: boolean;
  /** Lead to a cell of the notebook. */
  show: (cellId: string) => void;
}

/** A tab at the right side, for interviewers and reviewers. */
export class CheckWidget extends ReactWidget {
  constructor(private readonly _props: ICheckProps) {
    super();
    this.id = 'nbinterview-check';
    this.addClass('jp-nbinterview-Panel');
    this.addClass('jp-nbinterview-Check');
    this.node.setAttribute('aria-label', _props.trans.__('Check'));
  }

  protected override render(): React.ReactElement {
    return (
      <UseSignal signal={this._props.model.changed}>
        {() => <CheckPart {...this._props} />}
      </UseSignal>
    );
  }
}

function CheckPart({ model, trans, mayAsk, show }: ICheckProps): React.ReactElement {
  const { check, problem } = model;
  return (
    <section aria-labelledby="jp-nbinterview-check-title">
      <h2 id="jp-nbinterview-check-title">{trans.__('Does it run from the top?')}</h2>
      {check === null ? (
        <p className="jp-nbinterview-Panel-note">
          {trans.__(
            'The notebook as it is runs once more, from the top and in a fresh Python. ' +
              'The candidate’s Python is left alone, and their page does not tell.'
          )}
        </p>
      ) : (
        <Found check={check} trans={trans} show={show} />
      )}
      {problem !== '' && (
        <p className="jp-nbinterview-Check-problem" role="alert">
          {problem}
        </p>
      )}
      {mayAsk && (
        <button
          className="jp-nbinterview-Button"
          disabled={!model.isFree}
          onClick={() => void model.ask()}
        >
          {trans.__('Run all from the top')}
        </button>
      )}
    </section>
  );
}

interface IFoundProps {
  check: Check;
  trans: TranslationBundle;
  show: (cellId: string) => void;
}

function Found({ check, trans, show }: IFoundProps): React.ReactElement {
  return (
    <>
      {check.state === 'running' && (
        <progress
          max={Math.max(1, check.total)}
          value={check.done}
          aria-label={trans.__('Cells that were run')}
        />
      )}
      <p className="jp-nbinterview-Check-verdict" role="status">
        {verdict(check, trans)}
      </p>
      {check.detail !== '' && <p>{check.detail}</p>}
      <ol className="jp-nbinterview-Checked">
        {check.cells.map(cell => (
          <CheckedLine key={cell.index} cell={cell} trans={trans} show={show} />
        ))}
      </ol>
    </>
  );
}

function CheckedLine(props: {
  cell: CheckedCell;
  trans: TranslationBundle;
  show: (cellId: string) => void;
}): React.ReactElement {
  const { cell, trans, show } = props;
  return (
    <li data-result={cell.result}>
      <button
        className="jp-nbinterview-Checked-cell"
        onClick={() => {
          show(cell.cell_id);
        }}
      >
        {trans.__('Cell %1', cell.index)}
      </button>
      <span className="jp-nbinterview-Checked-result">
        {resultWords(cell.result, trans)}
      </span>
      {cell.detail !== '' && <pre>{cell.detail}</pre>}
    </li>
  );
}
