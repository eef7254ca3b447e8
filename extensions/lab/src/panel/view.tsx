/** The interviewers' panel: how it stands, what was noticed, who is here. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import React, { useEffect, useState } from 'react';

import { Comments } from '../record/comments';
import type { Witness } from '../witness/witness';
import type { Action, PolicySummary } from '../wire';
import { Alarms } from './alarms';
import { Control } from './control';
import { Facts } from './facts';
import { Findings, isGoingOn, linesOf } from './findings';
import type { PanelModel } from './model';
import { newsWords, pagesWords } from './news';
import { People } from './people';
import type { ProofModel } from './proof';
import { Witnessed } from './witnessed';

export interface IPanelProps {
  model: PanelModel;
  proof: ProofModel;
  /** Null where this browser cannot be one. */
  witness: Witness | null;
  policy: PolicySummary;
  trans: TranslationBundle;
  /** Show this time of day in the replay; null when there is none. */
  goTo: ((at: string) => void) | null;
  /** Ask the room to pause or to allow something; null for who may not. */
  act: ((action: Omit<Action, 'type'>) => boolean) | null;
}

/** The right side panel of interviewers and reviewers. */
export class PanelWidget extends ReactWidget {
  constructor(private readonly _props: IPanelProps) {
    super();
    this.id = 'nbinterview-panel';
    this.addClass('jp-nbinterview-Panel');
    this.node.setAttribute('aria-label', _props.trans.__('Interview'));
  }

  protected override render(): React.ReactElement {
    const { model, proof, witness } = this._props;
    const panel = (): React.ReactElement => <Panel {...this._props} />;
    return (
      <UseSignal signal={model.changed}>
        {() => (
          <UseSignal signal={proof.changed}>
            {() =>
              witness === null ? (
                panel()
              ) : (
                <UseSignal signal={witness.changed}>{panel}</UseSignal>
              )
            }
          </UseSignal>
        )}
      </UseSignal>
    );
  }
}

function Panel(props: IPanelProps): React.ReactElement {
  const { model, proof, trans } = props;
  const lines = linesOf(model, proof);
  const nowMs = useNow(lines.some(isGoingOn));
  return (
    <>
      <Alarms {...props} />
      <p className="jp-nbinterview-Told" role="status">
        {newsWords(lines[0] ?? null, trans)}
      </p>
      <p className="jp-nbinterview-Told" role="status">
        {pagesWords(proof.lease, trans)}
      </p>
      <Facts {...props} nowMs={nowMs} />
      <Findings {...props} nowMs={nowMs} />
      <Whole {...props} />
      <section aria-labelledby="jp-nbinterview-panel-watching">
        <h2 id="jp-nbinterview-panel-watching">{trans.__('Watching')}</h2>
        <Control {...props} />
      </section>
      <People people={model.people} trans={trans} />
      <Witnessed {...props} />
    </>
  );
}

/** What the candidate said to all of it. */
function Whole({ model, trans }: IPanelProps): React.ReactElement | null {
  const comments = model.commentsOn(null);
  return comments.length === 0 ? null : (
    <section aria-labelledby="jp-nbinterview-panel-whole">
      <h2 id="jp-nbinterview-panel-whole">{trans.__('From the candidate')}</h2>
      <Comments comments={comments} trans={trans} />
    </section>
  );
}

/** The time, each second while something goes on. */
function useNow(isRunning: boolean): number {
  const [nowMs, setNowMs] = useState(() => Date.now());
  useEffect(() => {
    if (!isRunning) {
      return;
    }
    const timer = setInterval(() => {
      setNowMs(Date.now());
    }, 1000);
    return () => {
      clearInterval(timer);
    };
  }, [isRunning]);
  return isRunning ? Math.max(nowMs, Date.now()) : nowMs;
}
