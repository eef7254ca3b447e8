/** What was noticed, newest first: flags, warnings, gaps, and what does not count. */

import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { Comments } from '../record/comments';
import { outcomeWords } from '../record/words';
import type { Comment, Episode, Flag, Gap } from '../wire';
import { Clock } from './clock';
import type { Finding, PanelModel } from './model';
import type { ProofModel } from './proof';
import { gapSeconds, isOpenGap } from './proof';
import { causeWords } from './trustwords';
import { durationSeconds, durationWords, evidenceWords, isMoment } from './words';

export interface IFindingsProps {
  model: PanelModel;
  proof: ProofModel;
  nowMs: number;
  trans: TranslationBundle;
  /** Show this time of day in the replay; null when there is none. */
  goTo: ((at: string) => void) | null;
}

/** One line of the list. */
export type Line =
  Finding | { readonly kind: 'gap'; readonly at: string; readonly gap: Gap };

/** What the list shows, newest first. */
export function linesOf(model: PanelModel, proof: ProofModel): Line[] {
  const gaps = proof.gaps.map((gap): Line => ({
    kind: 'gap',
    at: gap.started_at,
    gap
  }));
  return [...model.findings, ...gaps].sort(
    (a, b) => Date.parse(b.at) - Date.parse(a.at)
  );
}

/** The section of the panel. */
export function Findings(props: IFindingsProps): React.ReactElement {
  const { model, proof, trans } = props;
  const lines = linesOf(model, proof);
  return (
    <section aria-labelledby="jp-nbinterview-panel-findings">
      <h2 id="jp-nbinterview-panel-findings">
        {trans.__('Noticed')}
        {model.flagCount > 0 && (
          <span className="jp-nbinterview-Count">{model.flagCount}</span>
        )}
      </h2>
      {lines.length === 0 ? (
        <Empty trans={trans} />
      ) : (
        <>
          <p className="jp-nbinterview-Panel-note">
            {proof.gaps.length === 0
              ? trans.__('A flag is a pointer, not a verdict.')
              : trans.__(
                  'A flag is a pointer, not a verdict; a gap says only that nobody knows.'
                )}
          </p>
          {/* What is new is read out elsewhere: here durations change each second. */}
          <ol className="jp-nbinterview-Findings">
            {lines.map(line =>
              line.kind === 'gap' ? (
                <GapLine key={line.gap.gap_id} {...props} gap={line.gap} />
              ) : (
                <FindingLine
                  key={episodeOf(line)}
                  {...props}
                  finding={line}
                  comments={model.commentsOn(episodeOf(line))}
                />
              )
            )}
          </ol>
        </>
      )}
      <Episodes {...props} />
    </section>
  );
}

/** Whether a duration in the list changes with the clock. */
export function isGoingOn(line: Line): boolean {
  switch (line.kind) {
    case 'flag':
      return isOpen(line.flag);
    case 'gap':
      return isOpenGap(line.gap);
    case 'warning':
      return false;
  }
}

function GapLine({
  gap,
  nowMs,
  trans,
  goTo
}: IFindingsProps & { gap: Gap }): React.ReactElement {
  const isNow = isOpenGap(gap);
  return (
    <li
      className="jp-nbinterview-Finding"
      data-kind="gap"
      data-cause={gap.cause}
      data-open={isNow}
    >
      <strong>{trans.__('No proof of watching')}</strong>
      <p>
        <Clock at={gap.started_at} />
        {isNow && <Now trans={trans} />}
        {[
          durationWords(gapSeconds(gap, nowMs), trans),
          // The room knows it more exactly than a word for it says.
          gap.detail === '' ? causeWords(gap.cause, trans) : gap.detail
        ].join(' · ')}
      </p>
      <GoTo at={gap.started_at} goTo={goTo} trans={trans} />
    </li>
  );
}

function Now({ trans }: { trans: TranslationBundle }): React.ReactElement {
  return <span className="jp-nbinterview-Finding-now">{trans.__('now')}</span>;
}

function GoTo(props: {
  at: string;
  goTo: IFindingsProps['goTo'];
  trans: TranslationBundle;
}): React.ReactElement | null {
  const { at, goTo, trans } = props;
  return goTo === null ? null : (
    <button
      className="jp-nbinterview-LinkButton"
      onClick={() => {
        goTo(at);
      }}
    >
      {trans.__('Go to the moment')}
    </button>
  );
}

/** What was recorded and does not count: there for who asks, out of the way else. */
function Episodes({ model, trans }: IFindingsProps): React.ReactElement | null {
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

function FindingLine({
  finding,
  comments,
  nowMs,
  trans,
  goTo
}: IFindingsProps & {
  finding: Finding;
  comments: readonly Comment[];
}): React.ReactElement {
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
        {isOpen(flag) && <Now trans={trans} />}
        {facts.join(' · ')}
      </p>
      <Comments comments={comments} trans={trans} />
      <GoTo at={flag.started_at} goTo={goTo} trans={trans} />
    </li>
  );
}

function isOpen(flag: Flag): boolean {
  return flag.ended_at === null && !isMoment(flag.rule);
}

function episodeOf(finding: Finding): string {
  return finding.kind === 'flag' ? finding.flag.episode_id : finding.warning.episode_id;
}
