import { describe, expect, it } from 'vitest';

import type { IConsentState } from '../src/watch/consent';
import {
  activeSensors,
  begin,
  cameraSettled,
  change,
  choose,
  confirm,
  interviewChanged,
  measuringSensors,
  needsCamera,
  reconsider,
  start,
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
