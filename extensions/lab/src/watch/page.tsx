/** The page before the notebook: questions, camera check, start. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import type { CheckView } from '@nbinterview/proctor';
import React, { useEffect, useRef } from 'react';

import type { Allowance, Sensor, Source } from '../wire';
import { Calibrating } from './calibrating';
import type { CalibrationModel } from './calibration';
import { needsCamera, wantsCalibration } from './consent';
import type { WatchModel } from './model';
import { Heading, Step } from './sheet';
import { noCameraWords } from './standing';
import type { CameraGap } from './support';
import { afterWords, notebookWords, sensorWords } from './words';

interface IPageProps {
  model: WatchModel;
  check: CheckView;
  calibration: CalibrationModel;
  /** What the question allows, as it stands. */
  allows: () => readonly Allowance[];
  title: string;
  cameraGap: CameraGap;
  isPhone: boolean;
  trans: TranslationBundle;
}

/** Covers the page until the candidate has started. */
export class WatchPage extends ReactWidget {
  constructor(private readonly _props: IPageProps) {
    super();
    this.addClass('jp-nbinterview-Page');
    this.node.setAttribute('role', 'dialog');
    this.node.setAttribute('aria-modal', 'true');
    this.node.setAttribute('aria-labelledby', 'jp-nbinterview-Page-heading');
  }

  protected override render(): React.ReactElement {
    const { model } = this._props;
    return (
      <UseSignal signal={model.changed}>{() => <Page {...this._props} />}</UseSignal>
    );
  }
}

function Page(props: IPageProps): React.ReactElement | null {
  switch (props.model.state.phase) {
    case 'asking':
      return <Asking {...props} />;
    case 'checking':
      return <Checking {...props} />;
    case 'resuming':
      return <Resuming {...props} />;
    case 'calibrating':
      return <Calibrating {...props} />;
    default:
      return null;
  }
}

function Asking(props: IPageProps): React.ReactElement {
  const { model, trans } = props;
  const { policy, granted, cameraSupported } = model.state;
  const blocked = needsCamera(model.state);
  const some = policy.sensors.some(sensor => granted[sensor]);
  const camera = granted.camera && cameraSupported && policy.sensors.includes('camera');
  return (
    <Step title={props.title}>
      <Heading>{trans.__('Before you start')}</Heading>
      <p className="jp-nbinterview-Page-lead">
        {trans.__(
          'With your agreement, your browser notices a few things during the interview. ' +
            'You decide about each of them, and you can change your mind at any time. ' +
            'A person reads what was noticed and decides what it means; ' +
            'no program ends or rejects an interview.'
        )}
      </p>
      {policy.words.length > 0 && (
        <details className="jp-nbinterview-Page-words">
          <summary>{trans.__('All of it in plain words: “%1”', policy.title)}</summary>
          <ul>
            {policy.words.map(sentence => (
              <li key={sentence}>{sentence}</li>
            ))}
          </ul>
        </details>
      )}
      {props.isPhone && (
        <p className="jp-nbinterview-Page-blocked">
          {trans.__(
            'This works best on a computer. You can read the notebook here; to write ' +
              'and run code, please open your link in a current Chrome, Edge or Firefox ' +
              'on a computer.'
          )}
        </p>
      )}
      <ul className="jp-nbinterview-Page-sensors">
        {policy.sensors.map(sensor => (
          <SensorCard key={sensor} sensor={sensor} {...props} />
        ))}
        {policy.sensors.includes('camera') && <CallCard trans={trans} />}
        <NotebookCard {...props} />
      </ul>
      {blocked && (
        <p className="jp-nbinterview-Page-blocked" role="status">
          {cameraSupported
            ? trans.__(
                'This interview is planned with a camera. If you would rather not use ' +
                  'one, please write to the person who invited you: they can agree on ' +
                  'another way with you. Nothing has been recorded about your choice.'
              )
            : trans.__(
                'This interview is planned with a camera, and this browser cannot use ' +
                  'one here. Please open your link in a current Chrome, Edge or Firefox ' +
                  'on a computer, or write to the person who invited you.'
              )}
        </p>
      )}
      <div className="jp-nbinterview-Page-actions">
        <button
          className="jp-nbinterview-Button jp-mod-primary"
          disabled={blocked}
          onClick={() => {
            model.confirm();
          }}
        >
          {camera
            ? trans.__('Continue to the camera check')
            : some
              ? trans.__('Start with what I agreed to')
              : trans.__('Start without being watched')}
        </button>
      </div>
    </Step>
  );
}

function SensorCard(props: IPageProps & { sensor: Sensor }): React.ReactElement {
  const { model, sensor, trans } = props;
  const words = sensorWords(sensor, trans);
  const unavailable = sensor === 'camera' && !model.state.cameraSupported;
  const id = `jp-nbinterview-sensor-${sensor}`;
  return (
    <li className="jp-nbinterview-Sensor">
      <div className="jp-nbinterview-Sensor-head">
        <h2 id={id}>{words.name}</h2>
        <Switch
          labelledBy={id}
          describedBy={`${id}-facts`}
          on={model.state.granted[sensor] && !unavailable}
          disabled={unavailable}
          onLabel={trans.__('I agree')}
          offLabel={trans.__('Off')}
          onChange={on => {
            model.choose(sensor, on);
          }}
        />
      </div>
      <dl id={`${id}-facts`}>
        <dt>{trans.__('Measured')}</dt>
        <dd>{words.measured}</dd>
        <dt>{trans.__('Never leaves your device')}</dt>
        <dd>{words.stays}</dd>
      </dl>
      <Rules {...props} />
      {unavailable && (
        <p className="jp-nbinterview-Sensor-gap">{gapWords(props.cameraGap, trans)}</p>
      )}
    </li>
  );
}

/** A camera for a call is another one's switch, and said so. */
function CallCard({ trans }: { trans: TranslationBundle }): React.ReactElement {
  return (
    <li className="jp-nbinterview-Sensor">
      <div className="jp-nbinterview-Sensor-head">
        <h2>{trans.__('Camera for a call')}</h2>
        <span className="jp-nbinterview-Sensor-none">
          {trans.__('Nothing to switch')}
        </span>
      </div>
      <p className="jp-nbinterview-Sensor-gap">
        {trans.__(
          'This room has no call of its own. If you talk by another program, its camera is ' +
            'switched there: nothing here sees, measures or records it, and a no to the ' +
            'camera above does not switch it off.'
        )}
      </p>
    </li>
  );
}

/** What is recorded because it is the work itself; nobody is asked for it. */
function NotebookCard(props: IPageProps): React.ReactElement {
  const { trans } = props;
  const words = notebookWords(trans);
  return (
    <li className="jp-nbinterview-Sensor">
      <div className="jp-nbinterview-Sensor-head">
        <h2>{words.name}</h2>
        <span className="jp-nbinterview-Sensor-none">
          {trans.__('Always: it is your work')}
        </span>
      </div>
      <dl>
        <dt>{trans.__('Recorded')}</dt>
        <dd>{words.measured}</dd>
        <dt>{trans.__('Never looked at')}</dt>
        <dd>{words.stays}</dd>
      </dl>
      <Rules {...props} sensor="notebook" />
    </li>
  );
}

function Rules(props: IPageProps & { sensor: Source }): React.ReactElement | null {
  const { model, sensor, trans } = props;
  const { fullscreen, rules: all } = model.state.policy;
  const allows = props.allows();
  const rules = all.filter(
    rule => rule.sensor === sensor && (fullscreen || rule.rule !== 'fullscreen_left')
  );
  if (rules.length === 0) {
    return null;
  }
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">{trans.__('What counts')}</th>
          <th scope="col">{trans.__('A quiet hint')}</th>
          <th scope="col">{trans.__('You are told')}</th>
          <th scope="col">{trans.__('It is flagged')}</th>
        </tr>
      </thead>
      <tbody>
        {rules.map(rule => (
          <tr key={rule.rule}>
            <th scope="row">{rule.title}</th>
            {rule.flag_after_s === null ? (
              <td colSpan={3}>{trans.__('recorded, never flagged')}</td>
            ) : rule.excused_by.some(each => allows.includes(each)) ? (
              <td colSpan={3}>{trans.__('allowed: recorded, never flagged')}</td>
            ) : (
              <>
                <td>{afterWords(rule.nudge_after_s, trans)}</td>
                <td>{afterWords(rule.warn_after_s, trans)}</td>
                <td>{afterWords(rule.flag_after_s, trans)}</td>
              </>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

interface ISwitchProps {
  labelledBy: string;
  describedBy?: string;
  on: boolean;
  disabled?: boolean;
  onLabel: string;
  offLabel: string;
  onChange: (on: boolean) => void;
}

/** An on/off switch that says in words how it stands. */
export function Switch(props: ISwitchProps): React.ReactElement {
  return (
    <button
      className="jp-nbinterview-Switch"
      role="switch"
      aria-checked={props.on}
      aria-labelledby={props.labelledBy}
      aria-describedby={props.describedBy}
      disabled={props.disabled}
      onClick={() => {
        props.onChange(!props.on);
      }}
    >
      <span className="jp-nbinterview-Switch-word">
        {props.on ? props.onLabel : props.offLabel}
      </span>
      <span className="jp-nbinterview-Switch-track" aria-hidden="true" />
    </button>
  );
}

function gapWords(gap: CameraGap, trans: TranslationBundle): string {
  switch (gap) {
    case 'no-camera-access':
      return trans.__('This browser gives pages no camera here.');
    case 'no-worker':
    case 'no-webgl':
      return trans.__(
        'This browser lacks what measuring needs (WebGL 2). A current Chrome, Edge or ' +
          'Firefox on a computer has it.'
      );
    case 'none':
      return '';
  }
}

function Checking(props: IPageProps): React.ReactElement {
  const { model, trans } = props;
  const { camera, policy } = model.state;
  const working = camera === 'on';
  const blocked = needsCamera(model.state);
  const settled = camera !== 'unknown';
  return (
    <Step title={props.title}>
      <Heading>{trans.__('Camera check')}</Heading>
      <p className="jp-nbinterview-Page-lead">
        {trans.__(
          'Sit as you will sit during the interview. Glasses, thinking with your eyes ' +
            'elsewhere and short looks at the keyboard are fine.'
        )}
      </p>
      <Mounted node={props.check.node} />
      {settled && !working && (
        <p className="jp-nbinterview-Page-blocked" role="status">
          {noCameraWords(camera, blocked, trans)}
        </p>
      )}
      {policy.fullscreen && <FullscreenOffer trans={trans} />}
      <div className="jp-nbinterview-Page-actions">
        <button
          className="jp-nbinterview-Button"
          onClick={() => {
            model.reconsider();
          }}
        >
          {trans.__('Back')}
        </button>
        {settled && !working && (
          <button
            className="jp-nbinterview-Button"
            onClick={() => {
              model.retryCamera();
            }}
          >
            {trans.__('Try the camera again')}
          </button>
        )}
        <button
          className="jp-nbinterview-Button jp-mod-primary"
          disabled={blocked || !settled}
          onClick={() => {
            model.start();
          }}
        >
          {settled && !working
            ? trans.__('Start without a camera')
            : wantsCalibration(model.state)
              ? trans.__('Continue: look at a few places')
              : trans.__('Start the interview')}
        </button>
      </div>
    </Step>
  );
}

function Resuming(props: IPageProps): React.ReactElement {
  const { model, trans } = props;
  const { policy, granted } = model.state;
  const agreed = policy.sensors
    .filter(sensor => granted[sensor])
    .map(sensor => sensorWords(sensor, trans).short);
  return (
    <Step title={props.title}>
      <Heading>{trans.__('Welcome back')}</Heading>
      <p className="jp-nbinterview-Page-lead">
        {agreed.length === 0
          ? trans.__('Your notebook is as you left it.')
          : trans.__(
              'Your notebook is as you left it, and what you agreed to still holds: %1.',
              agreed.join(', ')
            )}
      </p>
      {policy.fullscreen && <FullscreenOffer trans={trans} />}
      <div className="jp-nbinterview-Page-actions">
        <button
          className="jp-nbinterview-Button jp-mod-primary"
          onClick={() => {
            model.start();
          }}
        >
          {trans.__('Continue')}
        </button>
      </div>
    </Step>
  );
}

/** A browser fills the screen only after a click of the person. */
function FullscreenOffer(props: { trans: TranslationBundle }): React.ReactElement {
  const { trans } = props;
  return (
    <p className="jp-nbinterview-Page-offer">
      <span>{trans.__('This interview asks to fill the screen.')}</span>
      <button className="jp-nbinterview-Button" onClick={enterFullscreen}>
        {trans.__('Fill the screen')}
      </button>
    </p>
  );
}

/** Fill the screen; a browser that will not is a fact the room hears, not an error. */
export function enterFullscreen(): void {
  document.documentElement.requestFullscreen().catch((error: unknown) => {
    console.warn('This browser did not fill the screen:', error);
  });
}

/** A node that lives outside React. */
function Mounted(props: { node: HTMLElement }): React.ReactElement {
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    host.current?.append(props.node);
    return () => {
      props.node.remove();
    };
  }, [props.node]);
  return <div ref={host} />;
}
