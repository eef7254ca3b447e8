import { describe, expect, it } from 'vitest';

import { begin } from '../src/watch/consent';
import { WatchModel } from '../src/watch/model';
import { welcome } from './helpers';

/** A model and, in order, everything it did: facts told and what the camera was bid. */
function made(
  changes: Parameters<typeof welcome>[0] = {},
  startedBefore = false
): { model: WatchModel; did: string[] } {
  const did: string[] = [];
  const bid = (what: string) => () => {
    did.push(what);
  };
  const model = new WatchModel(
    begin(welcome(changes), { cameraSupported: true, startedBefore }),
    {
      report: event => {
        did.push(
          'granted' in event
            ? `${event.sensor}=${event.granted}`
            : `${event.name}:${'state' in event ? event.state : ''}`
        );
      },
      watcher: {
        open: () => {
          did.push('open');
          return Promise.reject(new Error('no camera here'));
        },
        close: bid('close'),
        start: bid('start'),
        stop: bid('stop')
      },
      rememberStart: bid('remember'),
      sensors: []
    }
  );
  return { model, did };
}

describe('the order of things', () => {
  it('tells the answers before the camera opens', () => {
    const { model, did } = made();
    model.choose('camera', true);
    model.confirm();
    expect(did).toEqual(['camera=true', 'focus=false', 'clipboard=false', 'open']);
  });

  it('reports frames only after Start', () => {
    const { model, did } = made();
    model.choose('camera', true);
    model.confirm();
    did.length = 0;
    model.cameraChanged('on');
    expect(did).toEqual([]);
    model.start();
    expect(did).toEqual(['watch:started', 'remember', 'start']);
  });

  it('closes the camera when its consent is withdrawn, and opens it again', () => {
    const { model, did } = made({ consent: { camera: true, focus: true } });
    model.confirm();
    model.start();
    did.length = 0;
    model.change('camera', false);
    model.change('camera', true);
    expect(did).toEqual(['camera=false', 'close', 'camera=true', 'open']);
  });

  it('stops everything when the interview ends', () => {
    const { model, did } = made({ consent: { camera: true, focus: true } });
    model.confirm();
    model.start();
    did.length = 0;
    model.interviewChanged('ended');
    expect(did).toEqual(['watch:stopped', 'stop']);
    expect(model.active.size).toBe(0);
  });

  it('opens the camera again after a reload', () => {
    const consent = { camera: true, focus: true, clipboard: true };
    const { model, did } = made({ consent }, true);
    model.start();
    expect(did).toEqual(['watch:started', 'remember', 'start', 'open']);
  });

  it('keeps a heartbeat without a camera', () => {
    const { model, did } = made();
    model.choose('focus', true);
    model.confirm();
    expect(did).toContain('start');
    expect(did).not.toContain('open');
  });

  it('asks for the camera again only where it is agreed to', () => {
    const { model, did } = made();
    model.retryCamera();
    expect(did).toEqual([]);
    model.choose('camera', true);
    model.confirm();
    model.cameraChanged('denied');
    model.retryCamera();
    expect(did.filter(each => each === 'open')).toHaveLength(2);
  });
});

describe('those who follow it', () => {
  it('hear of the active sensors only when they change', () => {
    const { model } = made();
    let changes = 0;
    model.activeChanged.connect(() => {
      changes += 1;
    });
    model.choose('focus', true);
    model.choose('clipboard', true);
    expect(changes).toBe(0);
    model.confirm();
    expect([...model.active]).toEqual(['focus', 'clipboard']);
    model.change('focus', true);
    expect(changes).toBe(1);
    model.change('focus', false);
    expect([...model.active]).toEqual(['clipboard']);
    expect(changes).toBe(2);
  });

  it('see what the room says about a sensor', () => {
    const { model } = made();
    model.sensorChanged({ sensor: 'camera', state: 'unmeasurable', detail: 'Dark.' });
    expect(model.sensor('camera')?.detail).toBe('Dark.');
    expect(model.sensor('focus')).toBeUndefined();
  });
});

describe('one page of several', () => {
  const lease = { active: false, pages: 2 };
  const consent = { camera: true, focus: true, clipboard: false };

  it('opens no camera and tells nothing while another one counts', () => {
    const { model, did } = made({ lease, consent }, true);
    model.start();
    expect(did).toEqual([]);
    expect(model.isWatching).toBe(false);
  });

  it('ends at once when another one counts, without a word: the room knows', () => {
    const { model, did } = made({ consent }, true);
    model.start();
    model.cameraChanged('on');
    did.length = 0;
    model.leaseChanged(false);
    expect(did).toEqual(['stop']);
    expect([...model.active]).toEqual([]);
    model.interviewChanged('ended');
    expect(did).toEqual(['stop']);
  });

  it('goes on where it was when it counts again', () => {
    const { model, did } = made({ consent }, true);
    model.start();
    model.leaseChanged(false);
    did.length = 0;
    model.leaseChanged(true);
    expect(did).toEqual(['remember', 'start', 'open']);
    expect([...model.active]).toEqual(['camera', 'focus']);
  });
});
