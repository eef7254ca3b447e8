/** The interviewers' panel: what the room noticed, newest first. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import React, { useEffect, useState } from 'react';

import type { Flag, KernelMessage, PolicySummary, Sensor } from '../wire';
import { sensorWords } from '../watch/words';
import type { Finding, PanelModel } from './model';
import { durationSeconds, durationWords, evidenceWords, isMoment } from './words';

interface IPanelProps {
  model: PanelModel;
  policy: PolicySummary;
  trans: TranslationBundle;
  /** Show this time of day in the replay; null when there is none. */
  goTo: ((at: string) => void) | null;
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
    return (
      <UseSignal signal={this._props.model.changed}>
        {() => <Panel {...this._props} />}
      </UseSignal>
    );
  }
}

function Panel(props: IPanelProps): React.ReactElement {
  const { model, trans } = props;
  const findings = model.findings;
  const isGoingOn = findings.some(
    finding => finding.kind === 'flag' && isOpen(finding.flag)
  );
  const nowMs = useNow(isGoingOn);
  return (
    <>
      <Facts {...props} />
      <section aria-labelledby="jp-nbinterview-panel-findings">
        <h2 id="jp-nbinterview-panel-findings">
          {trans.__('Noticed')}
          {model.flagCount > 0 && (
            <span className="jp-nbinterview-Count">{model.flagCount}</span>
          )}
        </h2>
        {findings.length === 0 ? (
          <Empty trans={trans} />
        ) : (
          <>
            <p className="jp-nbinterview-Panel-note">
              {trans.__('A flag is a pointer, not a verdict.')}
            </p>
            <ol className="jp-nbinterview-Findings" aria-live="polite">
              {findings.map(finding => (
                <FindingLine
                  key={episodeOf(finding)}
                  finding={finding}
                  nowMs={nowMs}
                  trans={trans}
                  goTo={props.goTo}
                />
              ))}
            </ol>
          </>
        )}
      </section>
    </>
  );
}

function Facts(props: IPanelProps): React.ReactElement {
  const { model, policy, trans } = props;
  return (
    <section aria-labelledby="jp-nbinterview-panel-facts">
      <h2 id="jp-nbinterview-panel-facts">{trans.__('Right now')}</h2>
      <dl className="jp-nbinterview-Facts">
        {policy.sensors.map(sensor => {
          const { tone, words } = sensorStanding(sensor, props);
          return (
            <Fact
              key={sensor}
              tone={tone}
              name={sensorWords(sensor, trans).name}
              words={words}
            />
          );
        })}
        <Fact name={trans.__('Python')} {...kernelStanding(model.kernel, trans)} />
      </dl>
      <ul className="jp-nbinterview-People" aria-label={trans.__('People')}>
        {model.people.map(person => (
          <li key={person.hub_name} data-present={person.present}>
            <span
              className="jp-nbinterview-Dot"
              data-on={person.present}
              aria-hidden="true"
            />
            <span>{person.display_name}</span>
            <span className="jp-nbinterview-People-role">
              {person.present ? roleWords(person.role, trans) : trans.__('not here')}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

type Tone = 'good' | 'quiet' | 'attention';

function Fact(props: { name: string; tone: Tone; words: string }): React.ReactElement {
  return (
    <div data-tone={props.tone}>
      <dt>{props.name}</dt>
      <dd>{props.words}</dd>
    </div>
  );
}

function sensorStanding(
  sensor: Sensor,
  { model, trans }: IPanelProps
): { tone: Tone; words: string } {
  const told = model.sensor(sensor);
  switch (told?.state) {
    case 'measuring':
      return { tone: 'good', words: trans.__('Measuring') };
    case 'calibrating':
      return { tone: 'quiet', words: trans.__('Getting to know the person') };
    case 'unmeasurable':
      return {
        tone: 'attention',
        words:
          told.detail === ''
            ? trans.__('Not measurable')
            : trans.__('Not measurable: %1', told.detail)
      };
    case 'declined':
      return { tone: 'quiet', words: trans.__('Declined') };
    case 'off':
      return { tone: 'quiet', words: trans.__('Off') };
    default:
      return { tone: 'quiet', words: trans.__('Waiting for the candidate') };
  }
}

function kernelStanding(
  kernel: KernelMessage | null,
  trans: TranslationBundle
): { tone: Tone; words: string } {
  switch (kernel?.state) {
    case 'busy':
      return { tone: 'good', words: trans.__('Running code') };
    case 'starting':
      return { tone: 'quiet', words: trans.__('Starting') };
    case 'restarting':
      return { tone: 'quiet', words: trans.__('Restarting') };
    case 'died':
      return { tone: 'attention', words: trans.__('Stopped by itself') };
    case 'refused':
      return { tone: 'attention', words: trans.__('Could not start') };
    case 'idle':
      return { tone: 'good', words: trans.__('Ready') };
    case undefined:
      return { tone: 'quiet', words: trans.__('Not started yet') };
  }
}

function Empty(props: { trans: TranslationBundle }): React.ReactElement {
  const { trans } = props;
  return (
    <div className="jp-nbinterview-Panel-empty">
      <p>{trans.__('Nothing so far.')}</p>
      <p>
        {trans.__(
          'When something lasts longer than the interview’s policy allows, it appears ' +
            'here at once: what it was, when, for how long, and what was measured. The ' +
            'candidate is told first.'
        )}
      </p>
    </div>
  );
}

interface IFindingProps {
  finding: Finding;
  nowMs: number;
  trans: TranslationBundle;
  goTo: IPanelProps['goTo'];
}

function FindingLine({
  finding,
  nowMs,
  trans,
  goTo
}: IFindingProps): React.ReactElement {
  if (finding.kind === 'warning') {
    return (
      <li className="jp-nbinterview-Finding" data-kind="warning">
        <strong>
          {finding.isOver
            ? trans.__('Told the candidate; it passed')
            : trans.__('Telling the candidate now')}
        </strong>
        <p>
          <Clock at={finding.at} />
          {trans.__('“%1”', finding.warning.text)}
        </p>
      </li>
    );
  }
  const { flag } = finding;
  const evidence = evidenceWords(flag.evidence, trans);
  const facts = isMoment(flag.rule)
    ? evidence
    : [durationWords(durationSeconds(flag, nowMs), trans), ...evidence];
  return (
    <li
      className="jp-nbinterview-Finding"
      data-kind="flag"
      data-rule={flag.rule}
      data-open={isOpen(flag)}
    >
      <strong>{flag.title}</strong>
      <p>
        <Clock at={flag.started_at} />
        {isOpen(flag) && (
          <span className="jp-nbinterview-Finding-now">{trans.__('now')}</span>
        )}
        {facts.join(' · ')}
      </p>
      {goTo !== null && (
        <button
          className="jp-nbinterview-LinkButton"
          onClick={() => {
            goTo(flag.started_at);
          }}
        >
          {trans.__('Go to the moment')}
        </button>
      )}
    </li>
  );
}

function isOpen(flag: Flag): boolean {
  return flag.ended_at === null && !isMoment(flag.rule);
}

function Clock(props: { at: string }): React.ReactElement {
  const at = new Date(props.at);
  return (
    <time dateTime={props.at}>
      {at.toLocaleTimeString([], {
        hour: 'numeric',
        minute: '2-digit',
        second: '2-digit'
      })}
    </time>
  );
}

function roleWords(
  role: 'candidate' | 'interviewer' | 'reviewer',
  trans: TranslationBundle
): string {
  switch (role) {
    case 'candidate':
      return trans.__('candidate');
    case 'interviewer':
      return trans.__('interviewer');
    case 'reviewer':
      return trans.__('reviewer');
  }
}

function episodeOf(finding: Finding): string {
  return finding.kind === 'flag' ? finding.flag.episode_id : finding.warning.episode_id;
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
