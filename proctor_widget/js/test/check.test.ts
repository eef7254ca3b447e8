// @vitest-environment jsdom
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { CHECK_WORDS, CheckView } from '../src/check.js';
import type { Frame } from '../src/generated/live.js';

const face: Frame = {
  at_ms: 0,
  faces: 1,
  box: [0.4, 0.3, 0.25, 0.4],
  luma_mean: 120,
  luma_std: 50,
  frame_diff: 0.8,
  inference_ms: 50
};
const stream = {} as MediaStream;
let changes: string[];
let view: CheckView;

function words(): string {
  return view.node.querySelector('[role=status]')?.lastChild?.textContent ?? '';
}

beforeEach(() => {
  vi.spyOn(HTMLMediaElement.prototype, 'play').mockResolvedValue();
  changes = [];
  view = new CheckView({}, level => changes.push(level));
});

describe('CheckView', () => {
  it('begins with the camera off, and says what becomes of the picture', () => {
    expect(words()).toBe(CHECK_WORDS.camera.off);
    expect(view.node.textContent).toContain('stays on this computer');
  });

  it('goes from loading to one face', () => {
    view.showStream(stream);
    expect([view.level, words()]).toEqual(['wait', CHECK_WORDS.sight.loading]);
    view.showFrame(face);
    expect([view.level, words()]).toEqual(['good', CHECK_WORDS.sight.one]);
    expect(view.node.dataset['level']).toBe('good');
  });

  it('tells a face that cannot be read from nobody at all', () => {
    view.showStream(stream);
    const lost = { ...face, faces: 0 };
    view.showFrame({ ...lost, person: 0.9 });
    for (let at_ms = 100; at_ms < 1000; at_ms += 100) {
      view.showFrame({ ...lost, at_ms });
    }
    expect([view.level, words()]).toEqual(['attention', CHECK_WORDS.sight.somebody]);
    expect(words()).toContain('Please turn towards the camera');
    view.showFrame({ ...lost, at_ms: 1000, person: 0.02 });
    expect(words()).toBe(CHECK_WORDS.sight.nobody);
  });

  it('does not have the same words read out again', () => {
    view.showStream(stream);
    view.showFrame(face);
    const before = changes.length;
    view.showFrame(face);
    view.showFrame(face);
    expect(changes).toHaveLength(before);
  });

  it('says why there is no picture, and forgets what it saw', () => {
    view.showStream(stream);
    view.showFrame(face);
    view.showCamera({ name: 'camera', state: 'lost' });
    view.showStream(null);
    expect([view.level, words()]).toEqual(['attention', CHECK_WORDS.camera.lost]);
    expect(view.node.querySelector('video')?.hidden).toBe(true);
    view.showStream(stream);
    expect(view.level).toBe('wait');
  });

  it('says why it cannot measure', () => {
    view.showStream(stream);
    const reason = 'this browser offers no WebGL';
    view.showDetector({ name: 'detector', state: 'failed', reason });
    expect(view.level).toBe('attention');
    expect(words()).toContain(reason);
  });

  it('says so also when it failed before any camera, and forgets it when off', () => {
    view.showDetector({ name: 'detector', state: 'failed', reason: 'no files' });
    expect(words()).toContain('no files');
    view.showCamera({ name: 'camera', state: 'off' });
    expect(words()).toBe(CHECK_WORDS.camera.off);
  });

  it('gives a hint on the light beside a good picture', () => {
    view.showStream(stream);
    view.showFrame({ ...face, luma_mean: 45 });
    expect(view.level).toBe('good');
    expect(view.node.textContent).toContain(CHECK_WORDS.hint.dim);
  });

  it('speaks in the words of its host', () => {
    view = new CheckView({ camera: { ...CHECK_WORDS.camera, off: 'Aus.' } });
    expect(words()).toBe('Aus.');
  });
});
