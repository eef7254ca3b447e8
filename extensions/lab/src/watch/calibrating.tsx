/** The page for looking at a few places: calm, by clock or at one's own pace, skippable. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { UseSignal } from '@jupyterlab/ui-components';
import type { Target } from '@nbinterview/proctor';
import React, { useEffect, useRef } from 'react';

import type { Calibration } from '../wire';
import type { CalibrationModel, CalibrationView } from './calibration';
import { Heading, Step } from './sheet';

interface ICalibratingProps {
  calibration: CalibrationModel;
  title: string;
  trans: TranslationBundle;
}

/** The whole of it, from the question to the result. */
export function Calibrating(props: ICalibratingProps): React.ReactElement {
  return (
    <UseSignal signal={props.calibration.changed}>
      {() => <View {...props} view={props.calibration.view} />}
    </UseSignal>
  );
}

interface IViewProps extends ICalibratingProps {
  view: CalibrationView;
}

function View(props: IViewProps): React.ReactElement {
  switch (props.view.at) {
    case 'intro':
      return <Intro {...props} />;
    case 'place':
      return <Place {...props} view={props.view} />;
    case 'judging':
      return <Judging {...props} />;
    case 'judged':
      return <Judged {...props} view={props.view} />;
  }
}

function Intro({ calibration, title, trans }: ICalibratingProps): React.ReactElement {
  return (
    <Step title={title}>
      <Heading>{trans.__('Look at a few places')}</Heading>
      <p className="jp-nbinterview-Page-lead">
        {trans.__(
          'This takes up to 20 seconds. A dot goes to the middle and the corners of your ' +
            'screen; then you look at your keyboard, your notes and your other screen, if ' +
            'you have one. It shows how you sit, so that looking at these is not taken for looking away.'
        )}
      </p>
      <p className="jp-nbinterview-Page-lead">
        {trans.__(
          'There is no right or wrong. Turn your head as you always do. You can do it at ' +
            'your own pace with the space bar, leave places out, or leave it out as a whole: ' +
            'none of that is held against you.'
        )}
      </p>
      {calibration.isRehearsal && (
        <p className="jp-nbinterview-Page-blocked">
          {trans.__('This is practice. The one that counts comes before the start.')}
        </p>
      )}
      <div className="jp-nbinterview-Page-actions">
        <button
          className="jp-nbinterview-Button"
          onClick={() => {
            calibration.skip();
          }}
        >
          {trans.__('Leave it out')}
        </button>
        <button
          className="jp-nbinterview-Button"
          onClick={() => {
            calibration.begin('person');
          }}
        >
          {trans.__('At my own pace')}
        </button>
        <button
          className="jp-nbinterview-Button jp-mod-primary"
          onClick={() => {
            calibration.begin('clock');
          }}
        >
          {trans.__('Begin')}
        </button>
      </div>
    </Step>
  );
}

/** No dot shows them. */
const ELSEWHERE: ReadonlySet<string> = new Set(['keyboard', 'notes', 'other_screen']);

function Place(
  props: ICalibratingProps & { view: Extract<CalibrationView, { at: 'place' }> }
): React.ReactElement {
  const { calibration, trans, view } = props;
  const { step, pace } = view;
  const stage = useRef<HTMLElement>(null);
  useEffect(() => {
    stage.current?.focus();
  }, []);
  const words = targetWords(step.target, trans);
  const isOnScreen = !ELSEWHERE.has(step.target);
  return (
    <main
      ref={stage}
      className="jp-nbinterview-Stage"
      tabIndex={-1}
      aria-label={trans.__('Look at a few places')}
      onKeyDown={event => {
        if (event.key === 'Escape') {
          calibration.skip();
        } else if (event.key === ' ' && event.target === stage.current) {
          event.preventDefault();
          calibration.next();
        }
      }}
    >
      <span
        className="jp-nbinterview-Stage-dot"
        data-target={step.target}
        data-phase={step.phase}
        hidden={!isOnScreen}
        aria-hidden="true"
      />
      <div
        className="jp-nbinterview-Stage-words"
        data-target={step.target}
        data-large={!isOnScreen}
        role="status"
      >
        <strong id="jp-nbinterview-Page-heading">{words}</strong>
        <p>
          {step.phase === 'waiting'
            ? trans.__('Press the space bar when you look there, and keep looking.')
            : pace === 'person'
              ? trans.__('Keep looking …')
              : trans.__('%1 of %2', step.index + 1, step.count)}
        </p>
      </div>
      <div className="jp-nbinterview-Stage-actions">
        {pace === 'person' && (
          <button
            className="jp-nbinterview-Button jp-mod-primary"
            disabled={step.phase === 'looking'}
            onClick={() => {
              calibration.next();
              stage.current?.focus();
            }}
          >
            {trans.__('I look there now')}
          </button>
        )}
        <button
          className="jp-nbinterview-Button"
          onClick={() => {
            calibration.leaveOut();
            stage.current?.focus();
          }}
        >
          {step.target === 'notes'
            ? trans.__('I have no notes')
            : step.target === 'other_screen'
              ? trans.__('I have no other screen')
              : trans.__('Without this place')}
        </button>
        <button
          className="jp-nbinterview-Button"
          onClick={() => {
            calibration.skip();
          }}
        >
          {trans.__('Leave it out')}
        </button>
      </div>
    </main>
  );
}

function Judging({ title, trans }: ICalibratingProps): React.ReactElement {
  return (
    <Step title={title}>
      <Heading>{trans.__('One moment')}</Heading>
      <p className="jp-nbinterview-Page-lead" role="status">
        {trans.__('How well that went is being worked out.')}
      </p>
    </Step>
  );
}

function Judged(
  props: ICalibratingProps & { view: Extract<CalibrationView, { at: 'judged' }> }
): React.ReactElement {
  const { calibration, title, trans, view } = props;
  const words = resultWords(view.calibration, trans);
  return (
    <Step title={title}>
      <Heading>{words.title}</Heading>
      <p className="jp-nbinterview-Page-lead" role="status">
        {words.text}
      </p>
      <div className="jp-nbinterview-Page-actions">
        {view.mayRepeat && (
          <button
            className="jp-nbinterview-Button"
            onClick={() => {
              calibration.begin('clock');
            }}
          >
            {trans.__('Once more')}
          </button>
        )}
        <button
          className="jp-nbinterview-Button jp-mod-primary"
          onClick={() => {
            calibration.skip();
          }}
        >
          {trans.__('Start the interview')}
        </button>
      </div>
    </Step>
  );
}

function targetWords(target: Target, trans: TranslationBundle): string {
  switch (target) {
    case 'centre':
      return trans.__('Look at the middle of the screen');
    case 'top_left':
      return trans.__('Look at the top left corner');
    case 'top_right':
      return trans.__('Look at the top right corner');
    case 'bottom_right':
      return trans.__('Look at the bottom right corner');
    case 'bottom_left':
      return trans.__('Look at the bottom left corner');
    case 'keyboard':
      return trans.__('Look at your keyboard');
    case 'notes':
      return trans.__('Look at where your notes lie');
    case 'other_screen':
      return trans.__('Look at your other screen, where the call or a page may be');
  }
}

function resultWords(
  calibration: Calibration | null,
  trans: TranslationBundle
): { title: string; text: string } {
  const carryOn = trans.__('You can start. Nothing of this is held against you.');
  if (calibration === null) {
    return {
      title: trans.__('That is all'),
      text: trans.__('The room has not said yet how well it went. %1', carryOn)
    };
  }
  return {
    title: qualityTitle(calibration.quality, trans),
    text: [calibration.detail, carryOn].filter(said => said !== '').join(' ')
  };
}

function qualityTitle(
  quality: Calibration['quality'],
  trans: TranslationBundle
): string {
  switch (quality) {
    case 'good':
      return trans.__('That went well');
    case 'fair':
      return trans.__('That is good enough');
    case 'rough':
    case 'none':
      return trans.__('That did not quite work, which is fine');
  }
}
