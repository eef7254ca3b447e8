/** The interviewers' panel: what the room noticed, newest first. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import React, { useEffect, useState } from 'react';

import { Comments } from '../record/comments';
import { calibrationWords, outcomeWords } from '../record/words';
import { sensorWords } from '../watch/words';
import type {
  Action,
  Comment,
  Episode,
  Flag,
  KernelMessage,
  PolicySummary,
  Sensor
} from '../wire';
import { Clock } from './clock';
import { Control } from './control';
import type { Finding, PanelModel } from './model';
import { durationSeconds, durationWords, evidenceWords, isMoment } from './words';

export interface IPanelProps {
  model: PanelModel;
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
                  comments={model.commentsOn(episodeOf(finding))}
                  nowMs={nowMs}
                  trans={trans}
                  goTo={props.goTo}
                />
              ))}
            </ol>
          </>
        )}
        <Episodes {...props} />
      </section>
      <Whole {...props} />
      <section aria-labelledby="jp-nbinterview-panel-watching">
        <h2 id="jp-nbinterview-panel-watching">{trans.__('Watching')}</h2>
        <Control {...props} />
      </section>
      <People {...props} />
    </>
  );
}

/** What was recorded and does not count: there for who asks, out of the way else. */
function Episodes({ model, trans }: IPanelProps): React.ReactElement | null {
  const { episodes } = model;
  if (episodes.length === 0) {
    return null;
  }
  return (
    <details className="jp-nbinterview-Episodes">
      <summary>
        {trans._n(
          '%1 more, which does not count',
          '%1 more, which do not count',
          episodes.length
        )}
      </summary>
      <ol className="jp-nbinterview-Findings">
        {episodes.map(episode => (
          <EpisodeLine
            key={episode.episode_id}
            episode={episode}
            comments={model.commentsOn(episode.episode_id)}
            trans={trans}
          />
        ))}
      </ol>
    </details>
  );
}

function EpisodeLine(props: {
  episode: Episode;
  comments: readonly Comment[];
  trans: TranslationBundle;
}): React.ReactElement {
  const { comments, episode, trans } = props;
  const { because, evidence, rule, started_at, title } = episode;
  const duration = evidence['duration_s'];
  const facts = evidenceWords(evidence, trans);
  return (
    <li className="jp-nbinterview-Finding" data-kind="episode" data-rule={rule}>
      <strong>{title}</strong>
      <p>
        <Clock at={started_at} />
        {[
          ...(typeof duration === 'number' && !isMoment(rule)
            ? [durationWords(duration, trans)]
            : []),
          ...facts,
          outcomeWords(because, trans)
        ].join(' · ')}
      </p>
      <Comments comments={comments} trans={trans} />
    </li>
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

function People({ model, trans }: IPanelProps): React.ReactElement {
  return (
    <section aria-labelledby="jp-nbinterview-panel-people">
      <h2 id="jp-nbinterview-panel-people">{trans.__('People')}</h2>
      <ul className="jp-nbinterview-People">
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
        {policy.sensors.includes('camera') && (
          <Fact
            tone="quiet"
            name={trans.__('Way of sitting')}
            words={calibrationWords(model.calibration, trans)}
          />
        )}
        <Fact name={trans.__('Python')} {...kernelStanding(model.kernel, trans)} />
      </dl>
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
  if (model.watching.paused) {
    return { tone: 'quiet', words: trans.__('Paused') };
  }
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
  comments: readonly Comment[];
  nowMs: number;
  trans: TranslationBundle;
  goTo: IPanelProps['goTo'];
}

function FindingLine({
  finding,
  comments,
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
        <Comments comments={comments} trans={trans} />
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
      <Comments comments={comments} trans={trans} />
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
