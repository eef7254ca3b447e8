import { describe, expect, it } from 'vitest';

import type { CameraOutcome } from '../src/watch/consent';
import { begin } from '../src/watch/consent';
import { WatchModel } from '../src/watch/model';
import { noCameraWords, standing } from '../src/watch/standing';
import type { SensorState } from '../src/wire';
import { trans, welcome } from './helpers';

/** What the page says of a camera that is agreed to. */
function camera(outcome: CameraOutcome, told?: Omit<SensorState, 'sensor'>): string {
  const nothing = (): void => undefined;
  const model = new WatchModel(
    begin(welcome({ consent: { camera: true } }), {
      cameraSupported: true,
      startedBefore: true
    }),
    {
      report: nothing,
      watcher: {
        open: () => Promise.resolve(),
        close: nothing,
        start: nothing,
        stop: nothing
      },
      rememberStart: nothing,
      sensors: told === undefined ? [] : [{ sensor: 'camera', ...told }]
    }
  );
  model.cameraChanged(outcome);
  return standing({ model, sensor: 'camera', trans });
}

describe('a camera that measures nothing', () => {
  it.each([
    'It is too dark to read a face. That is not counted against you; carry on.',
    'The camera picture is empty. Is something in front of the lens?',
    'The camera picture stands still.'
  ])('is told of in the room’s words alone: %s', detail => {
    expect(camera('on', { state: 'unmeasurable', detail })).toBe(detail);
  });

  it('is told of without a reason where the room gives none', () => {
    const words = camera('on', { state: 'unmeasurable', detail: '' });
    expect(words).toBe('Cannot measure now.');
  });

  // `camera_off` can flag one that worked before, which the page does not keep in mind.
  it.each(['off', 'lost', 'denied', 'missing'] as const)(
    'is not said to count for nothing where it can: %s',
    outcome => {
      const words = camera(outcome);
      expect(words).toMatch(/If it stays so, .*your interviewers are told\.$/);
      expect(words).not.toMatch(/against you/);
    }
  );

  it('is not said to have failed while it opens', () => {
    expect(camera('unknown')).toBe('Starting.');
  });
});

describe('a start without a camera', () => {
  it.each(['denied', 'missing'] as const)('counts for nothing: %s', outcome => {
    expect(noCameraWords(outcome, false, trans)).toMatch(/nothing is held against you/);
  });

  it.each(['off', 'lost'] as const)(
    'promises nothing of one that worked: %s',
    outcome => {
      expect(noCameraWords(outcome, false, trans)).toMatch(/interviewers will see/);
      expect(noCameraWords(outcome, false, trans)).not.toMatch(/against you/);
    }
  );

  it('is not offered where one is needed', () => {
    expect(noCameraWords('lost', true, trans)).toMatch(/please write to the person/);
  });
});
