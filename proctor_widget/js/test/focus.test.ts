// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FocusTracker, type FocusOptions } from '../src/focus.js';
import type { ClientEvent } from '../src/generated/live.js';

let events: ClientEvent[];
let times: number[];
let now_ms: number;
let tracker: FocusTracker;
/** What the browser would say of itself; jsdom knows neither. */
let browser: { focused: boolean; visibility: DocumentVisibilityState };

function make(options: Partial<FocusOptions> = {}): FocusTracker {
  tracker = new FocusTracker({
    onEvent: (event, at_ms) => {
      events.push(event);
      times.push(at_ms);
    },
    now: () => now_ms,
    ...options
  });
  return tracker;
}

/** A clipboard or drag event with the DataTransfer that jsdom lacks. */
function transfer(type: string, text: string | null, into = document.body): void {
  const data = { getData: (format: string) => (format === 'text/plain' ? text : '') };
  const event = new Event(type, { bubbles: true, cancelable: true });
  const name = type.startsWith('d') ? 'dataTransfer' : 'clipboardData';
  Object.defineProperty(event, name, { value: text === null ? null : data });
  into.dispatchEvent(event);
}

function tick(ms = 0): void {
  vi.advanceTimersByTime(ms);
}

beforeEach(() => {
  vi.useFakeTimers();
  events = [];
  times = [];
  now_ms = 100;
  browser = { focused: true, visibility: 'visible' };
  vi.spyOn(document, 'hasFocus').mockImplementation(() => browser.focused);
  vi.spyOn(document, 'visibilityState', 'get').mockImplementation(
    () => browser.visibility
  );
  document.body.innerHTML = '<textarea></textarea><iframe tabindex="0"></iframe>';
});

afterEach(() => {
  tracker.dispose();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('focus', () => {
  beforeEach(() => {
    make().start('focus');
  });

  const started: ClientEvent[] = [
    { name: 'visibility', state: 'visible' },
    { name: 'window_focus', focused: true },
    { name: 'fullscreen', active: false }
  ];
  const leave = (): void => {
    browser.focused = false;
    window.dispatchEvent(new Event('blur'));
    tick();
  };

  it('tells at the start how things are', () => {
    expect(events).toEqual(started);
  });

  it('tells hidden and visible', () => {
    for (const state of ['hidden', 'visible'] as const) {
      browser.visibility = state;
      document.dispatchEvent(new Event('visibilitychange'));
    }
    expect(events.slice(3)).toEqual([
      { name: 'visibility', state: 'hidden' },
      { name: 'visibility', state: 'visible' }
    ]);
  });

  it('tells another window from the moment of the blur', () => {
    now_ms = 500;
    browser.focused = false;
    window.dispatchEvent(new Event('blur'));
    now_ms = 504;
    tick();
    expect(events.slice(3)).toEqual([
      { name: 'window_focus', focused: false, cause: 'elsewhere' }
    ]);
    expect(times[3]).toBe(500);
  });

  it('tells the return', () => {
    leave();
    browser.focused = true;
    window.dispatchEvent(new Event('focus'));
    tick();
    expect(events.at(-1)).toEqual({ name: 'window_focus', focused: true });
  });

  it('does not call a click into a frame leaving', () => {
    window.dispatchEvent(new Event('blur'));
    document.querySelector('iframe')?.focus(); // only now is it the active element
    tick();
    expect(events.slice(3)).toEqual([
      { name: 'window_focus', focused: false, cause: 'frame' }
    ]);
  });

  it('finds a frame inside a shadow root', () => {
    const host = document.body.appendChild(document.createElement('div'));
    const frame = document.createElement('iframe');
    frame.tabIndex = 0;
    host.attachShadow({ mode: 'open' }).append(frame);
    frame.focus();
    window.dispatchEvent(new Event('blur'));
    tick();
    expect(events.at(-1)).toMatchObject({ cause: 'frame' });
  });

  it('notices that somebody left from within a frame, which fires no event', () => {
    document.querySelector('iframe')?.focus();
    window.dispatchEvent(new Event('blur'));
    tick();
    browser.focused = false;
    tick(600);
    browser.focused = true;
    tick(600);
    expect(events.slice(3)).toEqual([
      { name: 'window_focus', focused: false, cause: 'frame' },
      { name: 'window_focus', focused: false, cause: 'elsewhere' },
      { name: 'window_focus', focused: false, cause: 'frame' }
    ]);
  });

  it('says a thing once', () => {
    leave();
    leave();
    tick(5000);
    expect(events).toHaveLength(4);
  });

  it('takes no focus event of an element for one of the window', () => {
    browser.focused = false;
    document.querySelector('textarea')?.dispatchEvent(new Event('blur'));
    tick();
    expect(events).toHaveLength(3);
  });

  it('tells fullscreen', () => {
    Object.defineProperty(document, 'fullscreenElement', {
      value: document.body,
      configurable: true
    });
    document.dispatchEvent(new Event('fullscreenchange'));
    Reflect.deleteProperty(document, 'fullscreenElement');
    expect(events.at(-1)).toEqual({ name: 'fullscreen', active: true });
  });

  it('stops at once, also what was under way', () => {
    browser.focused = false;
    window.dispatchEvent(new Event('blur'));
    tracker.stop('focus');
    document.dispatchEvent(new Event('visibilitychange'));
    tick(5000);
    expect(events).toEqual(started);
  });

  it('leaves the clipboard alone', () => {
    transfer('paste', 'hello');
    expect(events).toEqual(started);
  });
});

describe('clipboard', () => {
  const paste = (chars: number, origin: 'notebook' | 'external'): ClientEvent => ({
    name: 'clipboard',
    action: 'paste',
    chars,
    origin
  });

  it('knows what was copied when the paste follows at once', () => {
    make().start('clipboard');
    transfer('copy', 'df.head()');
    transfer('paste', 'df.head()');
    tick();
    expect(events.map(event => event.name === 'clipboard' && event.action)).toEqual([
      'copy',
      'paste'
    ]);
    expect(events[1]).toEqual(paste(9, 'notebook'));
  });

  it('tells a paste from outside by its size, not its text', () => {
    make().start('clipboard');
    transfer('paste', 'import antigravity');
    expect(events).toEqual([paste(18, 'external')]);
    expect(JSON.stringify(events)).not.toContain('antigravity');
  });

  it('knows what was copied here, with other line ends too', () => {
    make().start('clipboard');
    const editor = document.querySelector('textarea');
    // As CodeMirror does: the editor itself says what it puts on the clipboard.
    transfer('copy', 'a\nb\n', editor ?? undefined);
    tick();
    transfer('paste', 'a\r\nb');
    expect(events).toEqual([
      { name: 'clipboard', action: 'copy', chars: 4, origin: 'notebook' },
      paste(4, 'notebook')
    ]);
  });

  it('reads the selection of a text field when nobody else says what is copied', () => {
    make().start('clipboard');
    const field = document.querySelector('textarea');
    if (field !== null) {
      field.value = 'some words';
      field.focus();
      field.setSelectionRange(5, 10);
    }
    transfer('cut', '', field ?? undefined);
    tick();
    expect(events).toEqual([
      { name: 'clipboard', action: 'cut', chars: 5, origin: 'notebook' }
    ]);
  });

  it('hears a copy that the editor keeps to itself', () => {
    make().start('clipboard');
    const editor = document.querySelector('textarea');
    editor?.addEventListener('copy', event => {
      event.stopImmediatePropagation();
    });
    transfer('copy', '', editor ?? undefined);
    tick();
    expect(events).toMatchObject([{ action: 'copy' }]);
  });

  it('asks the host about text that is in the notebook', () => {
    make({ isOwnText: text => text === 'df.head()' }).start('clipboard');
    transfer('paste', 'df.head()');
    transfer('paste', 'df.tail()');
    expect(events).toEqual([paste(9, 'notebook'), paste(9, 'external')]);
  });

  it('names the cell, within the length that the schema allows', () => {
    make({ cellIdOf: target => (target as HTMLElement).tagName.repeat(9) }).start(
      'clipboard'
    );
    transfer('paste', 'x', document.querySelector('textarea') ?? undefined);
    expect(events).toEqual([
      { ...paste(1, 'external'), cell_id: 'TEXTAREA'.repeat(9).slice(0, 64) }
    ]);
  });

  it('counts a paste without text as nothing', () => {
    make().start('clipboard');
    transfer('paste', '');
    transfer('paste', null);
    expect(events).toEqual([paste(0, 'external'), paste(0, 'external')]);
  });

  it('takes text dropped from outside for a paste, and a dropped file for none', () => {
    make().start('clipboard');
    transfer('drop', 'from elsewhere');
    transfer('drop', '');
    expect(events).toEqual([paste(14, 'external')]);
  });

  it('knows text dragged within the page', () => {
    make().start('clipboard');
    transfer('dragstart', 'moved');
    transfer('drop', 'moved');
    expect(events).toEqual([paste(5, 'notebook')]);
  });

  it('stops at once', () => {
    make().start('clipboard');
    transfer('copy', 'x');
    tracker.stop('clipboard');
    transfer('paste', 'y');
    tick();
    expect(events).toEqual([]);
  });

  it('starts once, however often it is told', () => {
    make().start('clipboard');
    tracker.start('clipboard');
    transfer('paste', 'y');
    expect(events).toHaveLength(1);
  });
});
