// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FocusTracker } from '../src/focus.js';
import type { ClientEvent } from '../src/generated/live.js';

/** Where focus went, as told. */
let told: (string | undefined)[];
let tracker: FocusTracker;
let isFocused: boolean;
let now_ms: number;

function note(event: ClientEvent): void {
  if (event.name === 'window_focus') {
    told.push(event.focused ? 'here' : event.cause);
  }
}

function leave(): void {
  isFocused = false;
  window.dispatchEvent(new Event('blur'));
  wait(0);
}

function comeBack(): void {
  isFocused = true;
  window.dispatchEvent(new Event('focus'));
  wait(0);
}

function wait(ms: number): void {
  now_ms += ms;
  vi.advanceTimersByTime(ms);
}

/** A function of the browser whose prompt stays open until the test answers it. */
function prompting(): { method: () => Promise<unknown>; answer: () => Promise<void> } {
  let resolve: (value: unknown) => void = () => undefined;
  const pending = new Promise(done => {
    resolve = done;
  });
  return {
    method: () => pending,
    answer: async () => {
      resolve(null);
      await pending;
    }
  };
}

beforeEach(() => {
  vi.useFakeTimers();
  told = [];
  isFocused = true;
  now_ms = 0;
  vi.spyOn(document, 'hasFocus').mockImplementation(() => isFocused);
  vi.spyOn(document, 'visibilityState', 'get').mockReturnValue('visible');
  tracker = new FocusTracker({ onEvent: note, now: () => now_ms });
});

afterEach(() => {
  tracker.dispose();
  vi.useRealTimers();
  vi.restoreAllMocks();
  Reflect.deleteProperty(navigator, 'mediaDevices');
});

describe('windows that this page opened', () => {
  it.each([
    ['getUserMedia', 'permission'],
    ['getDisplayMedia', 'share']
  ])('%s is %s while it is open, and a little after', async (name, cause) => {
    const { method, answer } = prompting();
    Object.defineProperty(navigator, 'mediaDevices', {
      value: { [name]: method },
      configurable: true
    });
    tracker.start('focus');
    const ask = Reflect.get(navigator.mediaDevices, name) as () => Promise<unknown>;
    void ask.call(navigator.mediaDevices);
    leave();
    wait(60_000);
    expect(told).toEqual(['here', cause]);
    await answer();
    comeBack();
    expect(told).toEqual(['here', cause, 'here']);
    wait(5_000);
    leave();
    expect(told.at(-1)).toBe('elsewhere');
  });

  it('a prompt that was answered excuses nobody for long', async () => {
    const { method, answer } = prompting();
    Object.defineProperty(navigator, 'mediaDevices', {
      value: { getUserMedia: method },
      configurable: true
    });
    tracker.start('focus');
    void navigator.mediaDevices.getUserMedia();
    leave();
    await answer();
    wait(1_000);
    expect(told.at(-1)).toBe('permission');
    wait(1_500);
    expect(told.at(-1)).toBe('elsewhere');
  });

  it('a file chooser is a dialog, until it is closed or far too long', () => {
    document.body.innerHTML = '<input type="file">';
    const field = document.querySelector('input');
    tracker.start('focus');
    field?.click();
    leave();
    expect(told.at(-1)).toBe('dialog');
    wait(119_000);
    expect(told.at(-1)).toBe('dialog');
    wait(2_000);
    expect(told.at(-1)).toBe('elsewhere');
  });

  it('a file chooser that a program opens on an input of no page is one too', () => {
    tracker.start('focus');
    const field = document.createElement('input');
    field.type = 'file';
    field.click();
    leave();
    expect(told.at(-1)).toBe('dialog');
    field.dispatchEvent(new Event('cancel'));
  });

  it('printing is a dialog', () => {
    tracker.start('focus');
    window.dispatchEvent(new Event('beforeprint'));
    leave();
    expect(told.at(-1)).toBe('dialog');
    window.dispatchEvent(new Event('afterprint'));
    wait(2_000);
    expect(told.at(-1)).toBe('elsewhere');
  });

  it('clicks of other kinds are none', () => {
    document.body.innerHTML = '<input type="text"><button>Run</button>';
    tracker.start('focus');
    document.querySelector('input')?.click();
    document.querySelector('button')?.click();
    leave();
    expect(told.at(-1)).toBe('elsewhere');
  });

  it('a page that is hidden was left, whatever is open', () => {
    document.body.innerHTML = '<input type="file">';
    tracker.start('focus');
    document.querySelector('input')?.click();
    vi.spyOn(document, 'visibilityState', 'get').mockReturnValue('hidden');
    leave();
    expect(told.at(-1)).toBe('elsewhere');
  });

  it('leave everything of the browser as it was, at the end', () => {
    const getUserMedia = (): Promise<MediaStream> => Promise.reject(new Error('no'));
    const devices = { getUserMedia };
    Object.defineProperty(navigator, 'mediaDevices', {
      value: devices,
      configurable: true
    });
    const click = Reflect.get(HTMLInputElement.prototype, 'click') as unknown;
    tracker.start('focus');
    expect(devices.getUserMedia).not.toBe(getUserMedia);
    tracker.stop('focus');
    expect(devices.getUserMedia).toBe(getUserMedia);
    expect(Reflect.get(HTMLInputElement.prototype, 'click')).toBe(click);
  });
});
