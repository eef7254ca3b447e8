/** How a sensor stands, in words for the candidate. */

import type { TranslationBundle } from '@jupyterlab/translation';

import type { Sensor } from '../wire';
import type { CameraOutcome } from './consent';
import type { WatchModel } from './model';

/** How a sensor stands, in words: the page's own knowledge first, then the room's. */
export function standing(props: {
  model: WatchModel;
  sensor: Sensor;
  trans: TranslationBundle;
}): string {
  const { model, sensor, trans } = props;
  if (sensor === 'camera' && !model.state.cameraSupported) {
    return trans.__('This browser cannot measure by camera.');
  }
  if (!model.state.granted[sensor]) {
    return trans.__('Off: you have not agreed.');
  }
  if (model.state.isPaused) {
    return trans.__('Paused by an interviewer. Nothing is measured.');
  }
  if (sensor === 'camera' && model.state.camera !== 'on') {
    return withoutCamera(model.state.camera, trans);
  }
  const told = model.sensor(sensor);
  switch (told?.state) {
    case 'measuring':
      return trans.__('Measuring.');
    case 'calibrating':
      return trans.__('Getting to know how you sit.');
    case 'unmeasurable':
      // What does not count the room says itself: some of it can.
      return told.detail === '' ? trans.__('Cannot measure now.') : told.detail;
    default:
      return trans.__('Starting.');
  }
}

/** One that worked before can be flagged when it stays off, so nothing is promised. */
function withoutCamera(
  camera: Exclude<CameraOutcome, 'on'>,
  trans: TranslationBundle
): string {
  switch (camera) {
    case 'unknown':
      return trans.__('Starting.');
    case 'off':
    case 'lost':
      return trans.__(
        'Your camera stopped. You can carry on. If it stays so, it can be flagged, and ' +
          'your interviewers are told.'
      );
    case 'denied':
    case 'missing':
      return trans.__(
        'Your camera could not be used. You can carry on. If it stays so, your ' +
          'interviewers are told.'
      );
  }
}

/** What it means for the start that the camera does not work. */
export function noCameraWords(
  camera: CameraOutcome,
  isNeeded: boolean,
  trans: TranslationBundle
): string {
  if (isNeeded) {
    return trans.__(
      'This interview is planned with a camera. If yours cannot be used, please write ' +
        'to the person who invited you.'
    );
  }
  return camera === 'off' || camera === 'lost'
    ? trans.__(
        'Your camera stopped. You can try it again, or start without it: the ' +
          'interviewers will see that it stopped.'
      )
    : trans.__(
        'That is no problem: you can start without a camera. The interviewers will see ' +
          'that it could not be used, and nothing is held against you.'
      );
}
