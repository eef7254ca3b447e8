/** What is watched right now, always in view, with the way out. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import React, { useEffect, useRef, useState } from 'react';
import { createPortal } from 'react-dom';

import type { Sensor } from '../wire';
import type { WatchModel } from './model';
import { measuringSensors } from './consent';
import { enterFullscreen, Switch } from './page';
import { standing } from './standing';
import { sensorWords } from './words';

interface IStatusProps {
  model: WatchModel;
  /** Open the candidate's own record beside the notebook. */
  showRecord: () => void;
  trans: TranslationBundle;
}

/** Sits in the title bar while watching. */
export class WatchStatus extends ReactWidget {
  constructor(private readonly _props: IStatusProps) {
    super();
    this.addClass('jp-nbinterview-WatchStatus');
  }

  protected override render(): React.ReactElement {
    return (
      <UseSignal signal={this._props.model.changed}>
        {() => <Status {...this._props} />}
      </UseSignal>
    );
  }
}

function Status(props: IStatusProps): React.ReactElement | null {
  const { model, trans } = props;
  const [isOpen, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const details = useRef<HTMLElement>(null);
  useClickOutside([button, details], () => {
    setOpen(false);
  });
  if (model.state.phase !== 'watching') {
    return null;
  }
  const active = measuringSensors(model.state, model.active);
  const names = active.map(sensor => sensorWords(sensor, trans).short);
  return (
    <div
      className="jp-nbinterview-WatchStatus-host"
      onKeyDown={event => {
        if (event.key === 'Escape' && isOpen) {
          setOpen(false);
          button.current?.focus();
        }
      }}
    >
      <button
        ref={button}
        className="jp-nbinterview-Chip"
        aria-expanded={isOpen}
        aria-controls="jp-nbinterview-watch-details"
        onClick={() => {
          setOpen(!isOpen);
        }}
      >
        <span
          className="jp-nbinterview-Dot"
          data-on={active.length > 0}
          aria-hidden="true"
        />
        {model.state.isPaused
          ? trans.__('Watching is paused')
          : active.length === 0
            ? trans.__('Not watching')
            : trans.__('Watching: %1', names.join(', '))}
      </button>
      {isOpen &&
        // Out of the bar: JupyterLab's panels cut off what sticks out of them.
        createPortal(
          <Details
            {...props}
            host={details}
            close={() => {
              setOpen(false);
            }}
            right={
              window.innerWidth - (button.current?.getBoundingClientRect().right ?? 0)
            }
          />,
          document.body
        )}
    </div>
  );
}

interface IDetailsProps extends IStatusProps {
  host: React.RefObject<HTMLElement>;
  /** Distance from the window's right edge. */
  right: number;
  close: () => void;
}

function Details(props: IDetailsProps): React.ReactElement {
  const { close, host, model, right, showRecord, trans } = props;
  useEffect(() => {
    host.current?.focus();
  }, [host]);
  return (
    <section
      ref={host}
      tabIndex={-1}
      style={{ right }}
      id="jp-nbinterview-watch-details"
      className="jp-nbinterview-Popover"
      aria-label={trans.__('What is watched')}
    >
      <ul>
        {model.state.policy.sensors.map(sensor => (
          <SensorLine key={sensor} sensor={sensor} {...props} />
        ))}
      </ul>
      <p>
        {trans.__(
          'Switching one off holds at once. The interview goes on, and the interviewers ' +
            'see that you switched it off.'
        )}
      </p>
      <button
        className="jp-nbinterview-Button"
        onClick={() => {
          close();
          showRecord();
        }}
      >
        {trans.__('What is measured, and my record')}
      </button>
      {model.state.policy.fullscreen && (
        <button className="jp-nbinterview-Button" onClick={enterFullscreen}>
          {trans.__('Fill the screen')}
        </button>
      )}
    </section>
  );
}

function SensorLine(props: IStatusProps & { sensor: Sensor }): React.ReactElement {
  const { model, sensor, trans } = props;
  const id = `jp-nbinterview-watch-${sensor}`;
  const unavailable = sensor === 'camera' && !model.state.cameraSupported;
  return (
    <li>
      <div>
        <strong id={id}>{sensorWords(sensor, trans).name}</strong>
        <span>{standing(props)}</span>
      </div>
      <Switch
        labelledBy={id}
        on={model.state.granted[sensor] && !unavailable}
        disabled={unavailable}
        onLabel={trans.__('On')}
        offLabel={trans.__('Off')}
        onChange={on => {
          model.change(sensor, on);
        }}
      />
    </li>
  );
}

function useClickOutside(
  hosts: readonly React.RefObject<HTMLElement>[],
  leave: () => void
): void {
  useEffect(() => {
    const onPointerDown = (event: PointerEvent): void => {
      const { target } = event;
      if (
        target instanceof Node &&
        !hosts.some(host => host.current?.contains(target) === true)
      ) {
        leave();
      }
    };
    document.addEventListener('pointerdown', onPointerDown);
    return () => {
      document.removeEventListener('pointerdown', onPointerDown);
    };
  });
}
