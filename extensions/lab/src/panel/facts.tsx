/** How it stands right now: sensors, proof of watching, the record, Python. */

import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { calibrationWords } from '../record/words';
import { sensorWords } from '../watch/words';
import type { Witness } from '../witness/witness';
import type { KernelMessage, PolicySummary, Sensor } from '../wire';
import { clockWords } from './clock';
import type { PanelModel } from './model';
import type { ProofModel } from './proof';
import { unprovedSeconds } from './proof';
import { causeWords } from './trustwords';
import { durationWords } from './words';

export interface IFactsProps {
  model: PanelModel;
  proof: ProofModel;
  /** Null where this browser cannot be one. */
  witness: Witness | null;
  policy: PolicySummary;
  nowMs: number;
  trans: TranslationBundle;
}

type Tone = 'good' | 'quiet' | 'attention';

interface IStanding {
  readonly tone: Tone;
  readonly words: string;
}

/** One line each. */
export function Facts(props: IFactsProps): React.ReactElement {
  const { model, policy, proof, trans } = props;
  const { lease } = proof;
  return (
    <section aria-labelledby="jp-nbinterview-panel-facts">
      <h2 id="jp-nbinterview-panel-facts">{trans.__('Right now')}</h2>
      <dl className="jp-nbinterview-Facts">
        {policy.sensors.map(sensor => (
          <Fact
            key={sensor}
            name={sensorWords(sensor, trans).name}
            {...sensorStanding(sensor, props)}
          />
        ))}
        {policy.sensors.length > 0 && (
          <Fact
            id="watched"
            name={trans.__('Proof of watching')}
            {...watchedStanding(props)}
          />
        )}
        {policy.sensors.includes('camera') && (
          <Fact
            tone="quiet"
            name={trans.__('Way of sitting')}
            words={calibrationWords(model.calibration, trans)}
          />
        )}
        {lease !== null && lease.pages > 1 && (
          <Fact
            id="pages"
            tone="attention"
            name={trans.__('Candidate’s pages')}
            words={trans.__('%1 are open; one of them counts', lease.pages)}
          />
        )}
        <Fact name={trans.__('Python')} {...kernelStanding(model.kernel, trans)} />
        <Fact id="record" name={trans.__('Record')} {...recordStanding(props)} />
      </dl>
    </section>
  );
}

function Fact(props: IStanding & { name: string; id?: string }): React.ReactElement {
  return (
    <div data-tone={props.tone} data-fact={props.id}>
      <dt>{props.name}</dt>
      <dd>{props.words}</dd>
    </div>
  );
}

function sensorStanding(sensor: Sensor, { model, trans }: IFactsProps): IStanding {
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

/** Whether somebody watches at this moment, or nobody knows. */
function watchedStanding(props: IFactsProps): IStanding {
  const { model, nowMs, policy, proof, trans } = props;
  const unproved =
    proof.gaps.length === 0
      ? ''
      : trans.__(
          '; %1 without in all',
          durationWords(unprovedSeconds(proof.gaps, nowMs), trans)
        );
  if (proof.hasEnded) {
    return { tone: 'quiet', words: trans.__('The interview has ended') + unproved };
  }
  if (!proof.isConnected) {
    return {
      tone: 'attention',
      words: trans.__('Not known: this page is not connected')
    };
  }
  const { openGap } = proof;
  if (openGap !== null) {
    return {
      tone: 'attention',
      words: trans.__(
        'None since %1: %2',
        clockWords(openGap.started_at),
        causeWords(openGap.cause, trans)
      )
    };
  }
  if (model.watching.paused) {
    return { tone: 'quiet', words: trans.__('Paused') };
  }
  const isWatched = policy.sensors.some(sensor =>
    ['measuring', 'calibrating', 'unmeasurable'].includes(
      model.sensor(sensor)?.state ?? ''
    )
  );
  return isWatched
    ? { tone: 'good', words: trans.__('Each second') + unproved }
    : { tone: 'quiet', words: trans.__('Nothing is watched') + unproved };
}

/** Whether what happens is kept, and whether it stays as it was. */
function recordStanding({ proof, trans, witness }: IFactsProps): IStanding {
  const { storage } = proof;
  if (storage !== null && storage.state !== 'near_quota') {
    return { tone: 'attention', words: trans.__('In trouble: see above') };
  }
  const standing = witness?.standing;
  switch (standing?.state) {
    case undefined:
      return {
        tone: 'quiet',
        words: trans.__('Saved; this browser cannot witness it')
      };
    case 'waiting':
      return { tone: 'quiet', words: trans.__('Saved; nothing to witness yet') };
    case 'witnessed':
      return witness?.signed === 'forged'
        ? { tone: 'attention', words: trans.__('Not signed with the room’s key') }
        : {
            tone: storage === null ? 'good' : 'attention',
            words: trans.__(
              'Saved and witnessed: %1',
              standing.seen.checkpoint.size.toLocaleString()
            )
          };
    case 'unproven':
      return {
        tone: 'attention',
        words: trans.__('The room gives no proof that it is unchanged')
      };
    case 'broken':
      return {
        tone: 'attention',
        words: trans.__('Not the one that this browser saw')
      };
  }
}

function kernelStanding(
  kernel: KernelMessage | null,
  trans: TranslationBundle
): IStanding {
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
