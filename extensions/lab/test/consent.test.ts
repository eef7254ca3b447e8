import { describe, expect, it } from 'vitest';

import type { IConsentState } from '../src/watch/consent';
import {
  activeSensors,
  begin,
  calibrated,
  cameraSettled,
  change,
  choose,
  confirm,
  interviewChanged,
  isWatching,
  measuringSensors,
  needsCamera,
  paused,
  reconsider,
  start,
  wantsCalibration,
  wantsCamera
} from '../src/watch/consent';
import type { Sensor, Welcome } from '../src/wire';
import { welcome } from './helpers';

const NEW = { cameraSupported: true, startedBefore: false };
const AGAIN = { cameraSupported: true, startedBefore: true };

function policy(changes: Partial<Welcome['policy']>): Partial<Welcome> {
  return { policy: { ...welcome().policy, ...changes } };
}

function asking(changes: Partial<Welcome> = {}, circumstances = NEW): IConsentState {
  return begin(welcome(changes), circumstances);
}

function chosen(state: IConsentState, ...sensors: Sensor[]): IConsentState {
  return sensors.reduce((each, sensor) => choose(each, sensor, true), state);
}

describe('what measures', () => {
  it('leaves out a camera that did not come up', () => {
    const checking = confirm(chosen(asking(), 'camera', 'focus')).state;
    for (const [camera, measuring] of [
      ['on', ['camera', 'focus']],
      ['denied', ['focus']],
      ['missing', ['focus']]
    ] as const) {
      const { state } = start(cameraSettled(checking, camera));
      expect(measuringSensors(state, activeSensors(state))).toEqual(measuring);
    }
  });
});

describe('the questions', () => {
  it('begin with nothing chosen and nothing active', () => {
    const state = asking();
    expect(state.phase).toBe('asking');
    expect(Object.values(state.granted)).toEqual([false, false, false]);
    expect([...activeSensors(state)]).toEqual([]);
    expect(wantsCamera(state)).toBe(false);
  });

  it('measure nothing while switches are only turned', () => {
    const state = chosen(asking(), 'camera', 'focus', 'clipboard');
    expect([...activeSensors(state)]).toEqual([]);
    expect(wantsCamera(state)).toBe(false);
  });

  it('tell each answer, the noes too, and go to the camera check', () => {
    const { state, events } = confirm(chosen(asking(), 'camera', 'clipboard'));
    expect(events).toEqual([
      { name: 'consent', sensor: 'camera', granted: true },
      { name: 'consent', sensor: 'focus', granted: false },
      { name: 'consent', sensor: 'clipboard', granted: true }
    ]);
    expect(state.phase).toBe('checking');
    expect(wantsCamera(state)).toBe(true);
    expect([...activeSensors(state)]).toEqual([]);
  });

  it('go straight on when there is no camera to check', () => {
    const { state, events } = confirm(chosen(asking(), 'focus'));
    expect(state.phase).toBe('watching');
    expect(events.at(-1)).toEqual({ name: 'watch', state: 'started' });
    expect([...activeSensors(state)]).toEqual(['focus']);
  });

  it('let everything be declined', () => {
    const { state } = confirm(asking());
    expect(state.phase).toBe('watching');
    expect([...activeSensors(state)]).toEqual([]);
  });

  it('are not asked where nothing is watched', () => {
    expect(asking(policy({ sensors: [] })).phase).toBe('unwatched');
  });

  it('ask only for the sensors of the policy', () => {
    const { events } = confirm(
      chosen(asking(policy({ sensors: ['focus'] })), 'camera', 'focus')
    );
    expect(events).toEqual([
      { name: 'consent', sensor: 'focus', granted: true },
      { name: 'watch', state: 'started' }
    ]);
  });
});

describe('a policy with a required camera', () => {
  const required = policy({ camera_required: true });

  it('does not start without, and tells nobody that it was declined', () => {
    const state = chosen(asking(required), 'focus');
    expect(needsCamera(state)).toBe(true);
    expect(confirm(state)).toEqual({ state, events: [] });
  });

  it('starts once the camera is on', () => {
    const { state } = confirm(chosen(asking(required), 'camera'));
    expect(start(cameraSettled(state, 'denied')).state.phase).toBe('checking');
    expect(start(cameraSettled(state, 'on')).state.phase).toBe('watching');
  });
});

describe('the camera check', () => {
  const checking = confirm(chosen(asking(), 'camera')).state;

  it.each(['denied', 'missing', 'lost'] as const)('goes on when it is %s', outcome => {
    const { state, events } = start(cameraSettled(checking, outcome));
    expect(state.phase).toBe('watching');
    expect(events).toEqual([{ name: 'watch', state: 'started' }]);
  });

  it('leads back to the questions, and lets go of the camera', () => {
    const state = reconsider(checking);
    expect(state.phase).toBe('asking');
    expect(wantsCamera(state)).toBe(false);
  });

  it('is left out where the browser cannot measure, without an answer in their name', () => {
    const { state, events } = confirm(
      chosen(asking({}, { ...NEW, cameraSupported: false }), 'camera')
    );
    expect(state.phase).toBe('watching');
    expect(events[0]).toEqual({ name: 'camera', state: 'missing' });
    expect(events).not.toContainEqual(expect.objectContaining({ sensor: 'camera' }));
    expect([...activeSensors(state)]).toEqual([]);
  });
});

describe('while watching', () => {
  const watching = start(
    cameraSettled(confirm(chosen(asking(), 'camera', 'focus')).state, 'on')
  ).state;

  it('a withdrawn sensor stops at once and is told', () => {
    const { state, events } = change(watching, 'camera', false);
    expect(events).toEqual([{ name: 'consent', sensor: 'camera', granted: false }]);
    expect([...activeSensors(state)]).toEqual(['focus']);
    expect(wantsCamera(state)).toBe(false);
    expect(state.phase).toBe('watching');
  });

  it('a sensor can be agreed to later', () => {
    const { state, events } = change(watching, 'clipboard', true);
    expect(events).toEqual([{ name: 'consent', sensor: 'clipboard', granted: true }]);
    expect(activeSensors(state).has('clipboard')).toBe(true);
  });

  it('an answer given twice is told once', () => {
    expect(change(watching, 'focus', true).events).toEqual([]);
  });

  it('the end of the interview ends it', () => {
    const { state, events } = interviewChanged(watching, 'ended');
    expect(events).toEqual([{ name: 'watch', state: 'stopped' }]);
    expect([...activeSensors(state)]).toEqual([]);
    expect(interviewChanged(state, 'ended').events).toEqual([]);
  });

  it('a second Start does nothing', () => {
    expect(start(watching).events).toEqual([]);
  });
});

describe('after a reload', () => {
  const consent = { camera: true, focus: true, clipboard: false };

  it('the answers hold, and one step leads back', () => {
    const state = asking({ consent }, AGAIN);
    expect(state.phase).toBe('resuming');
    const { state: watching, events } = start(state);
    expect([...activeSensors(watching)]).toEqual(['camera', 'focus']);
    expect(events).toEqual([{ name: 'watch', state: 'started' }]);
  });

  it('before Start was pressed the questions come again, with the answers given', () => {
    const state = asking({ consent }, NEW);
    expect(state.phase).toBe('asking');
    expect(state.granted).toEqual(consent);
  });

  it('an unanswered sensor is asked for', () => {
    expect(asking({ consent: { focus: true } }, AGAIN).phase).toBe('asking');
  });

  it('a camera that cannot be asked about here does not bring the questions back', () => {
    const state = asking(
      { consent: { focus: true, clipboard: true } },
      { cameraSupported: false, startedBefore: true }
    );
    expect(state.phase).toBe('resuming');
  });

  it('an ended interview asks nothing', () => {
    expect(asking({ state: 'ended', consent }, AGAIN).phase).toBe('ended');
  });
});

describe('looking at places', () => {
  const wanted = policy({ calibration: true });
  const checked = (changes = wanted): IConsentState =>
    cameraSettled(confirm(chosen(asking(changes), 'camera', 'focus')).state, 'on');

  it('comes between the check and the notebook, and is watched', () => {
    const { state, events } = start(checked());
    expect(state.phase).toBe('calibrating');
    expect(events).toEqual([{ name: 'watch', state: 'started' }]);
    expect(isWatching(state)).toBe(true);
    expect(wantsCamera(state)).toBe(true);
    expect([...activeSensors(state)]).toEqual(['camera', 'focus']);
    const watching = calibrated(state);
    expect(watching.phase).toBe('watching');
    expect(wantsCalibration({ ...watching, phase: 'checking' })).toBe(false);
  });

  it('is not for a policy that does not want it, nor without a camera', () => {
    expect(start(checked({})).state.phase).toBe('watching');
    expect(start(cameraSettled(checked(), 'missing')).state.phase).toBe('watching');
    const without = confirm(chosen(asking(wanted), 'focus')).state;
    expect(without.phase).toBe('watching');
  });

  it('is not asked for again after a reload', () => {
    const taken = { state: 'taken', quality: 'good', detail: '', frames: 90 } as const;
    const consent = { camera: true, focus: true, clipboard: true };
    const state = asking({ ...wanted, consent, calibration: taken }, AGAIN);
    expect(start(cameraSettled(state, 'on')).state.phase).toBe('watching');
    const anew = asking({ ...wanted, calibration: taken });
    expect(wantsCalibration(cameraSettled({ ...anew, phase: 'checking' }, 'on'))).toBe(
      false
    );
  });

  it('ends with the interview', () => {
    const { state, events } = interviewChanged(start(checked()).state, 'ended');
    expect(state.phase).toBe('ended');
    expect(events).toEqual([{ name: 'watch', state: 'stopped' }]);
    expect(calibrated(state)).toBe(state);
  });
});

describe('while an interviewer paused the watching', () => {
  it('nothing measures, the answers stay, and the camera keeps its place', () => {
    const watching = confirm(chosen(asking(), 'focus', 'clipboard')).state;
    const away = paused(watching, true);
    expect([...activeSensors(away)]).toEqual([]);
    expect(isWatching(away)).toBe(true);
    expect(away.granted).toEqual(watching.granted);
    expect([...activeSensors(paused(away, false))]).toEqual(['focus', 'clipboard']);
  });

  it('a page that comes in meanwhile knows', () => {
    const watching = { paused: true, paused_by: 'p-b', allows: [] };
    expect(asking({ watching }).isPaused).toBe(true);
  });
});

describe('a policy that watches the notebook alone', () => {
  it('asks for no sensor, and still has its start', () => {
    const rule = {
      rule: 'unexplained_text',
      sensor: 'notebook',
      title: 'Text that typing does not explain',
      nudge_after_s: null,
      warn_after_s: null,
      flag_after_s: null,
      excused_by: []
    } as const;
    const state = asking(policy({ sensors: [], rules: [{ ...rule, excused_by: [] }] }));
    expect(state.phase).toBe('asking');
    const { state: watching, events } = confirm(state);
    expect(isWatching(watching)).toBe(true);
    expect(events).toEqual([{ name: 'watch', state: 'started' }]);
  });
});
