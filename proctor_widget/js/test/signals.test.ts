// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  CalibrationRun,
  targetsHere,
  type CalibrationStep
} from '../src/calibration.js';
import { isVirtual } from '../src/camera.js';
import { DeviceTracker } from '../src/devices.js';
import { DisplayTracker } from '../src/display.js';
import type { CalibrationEvent, TypingEvent } from '../src/generated/live.js';
import { TypingTally } from '../src/typing.js';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe('displays', () => {
  function page(isExtended: boolean | undefined, mayAsk?: boolean) {
    const screen = Object.assign(
      new EventTarget(),
      isExtended === undefined ? {} : { isExtended }
    );
    const document =
      mayAsk === undefined ? {} : { featurePolicy: { allowsFeature: () => mayAsk } };
    return { screen: screen as EventTarget & { isExtended?: boolean }, document };
  }

  function told(of: ReturnType<typeof page>): {
    said: string[];
    tracker: DisplayTracker;
  } {
    const said: string[] = [];
    const tracker = new DisplayTracker({
      onEvent: event => said.push(event.extended),
      page: of
    });
    tracker.start();
    return { said, tracker };
  }

  it.each([
    [true, undefined, 'yes'],
    [false, undefined, 'no'],
    [undefined, undefined, 'unknown'],
    [false, false, 'unknown'],
    [true, true, 'yes']
  ])('%s, may ask: %s, reads %s', (isExtended, mayAsk, said) => {
    const { said: all, tracker } = told(page(isExtended, mayAsk));
    tracker.stop();
    expect(all).toEqual([said]);
  });

  it('are told again when they change, and no more after the stop', () => {
    const of = page(false);
    const { said, tracker } = told(of);
    vi.advanceTimersByTime(20_000);
    of.screen.isExtended = true;
    of.screen.dispatchEvent(new Event('change'));
    of.screen.isExtended = false;
    vi.advanceTimersByTime(5_000);
    tracker.stop();
    of.screen.isExtended = true;
    of.screen.dispatchEvent(new Event('change'));
    vi.advanceTimersByTime(20_000);
    expect(said).toEqual(['no', 'yes', 'no']);
  });
});

describe('cameras', () => {
  it('are counted at the start and when their number changed', async () => {
    const kinds = ['videoinput', 'audioinput'];
    const devices = Object.assign(new EventTarget(), {
      enumerateDevices: () => Promise.resolve(kinds.map(kind => ({ kind })))
    }) as unknown as MediaDevices;
    const said: number[] = [];
    const tracker = new DeviceTracker({
      onEvent: ({ cameras }) => said.push(cameras),
      devices
    });
    const change = async (): Promise<void> => {
      devices.dispatchEvent(new Event('devicechange'));
      await vi.advanceTimersByTimeAsync(0);
    };
    tracker.start();
    await change();
    kinds.push('audiooutput');
    await change();
    kinds.push('videoinput');
    await change();
    tracker.stop();
    kinds.push('videoinput');
    await change();
    expect(said).toEqual([1, 2]);
  });

  it.each([
    ['OBS Virtual Camera (m-de:vice)', true],
    ['NVIDIA Broadcast', true],
    ['Dummy video device (0x0000)', true],
    ['FaceTime HD Camera', false],
    ['Integrated Webcam (0bda:5532)', false],
    ['Observatory Cam', false]
  ])('%s: virtual %s', (label, virtual) => {
    expect(isVirtual(label)).toBe(virtual);
  });
});

describe('the ways of typing', () => {
  let events: TypingEvent[];
  let now_ms: number;
  let tally: TypingTally;

  beforeEach(() => {
    events = [];
    now_ms = 1000;
    tally = new TypingTally({
      onEvent: event => events.push(event),
      now: () => now_ms,
      isGenuine: event => !(event as Event & { byScript?: boolean }).byScript
    });
    tally.start();
  });

  afterEach(() => {
    tally.stop();
  });

  const press = (key = 'a', byScript = false): void => {
    const event = new KeyboardEvent('keydown', { key });
    document.dispatchEvent(Object.assign(event, { byScript }));
  };
  const input = (inputType: string, isComposing = false): void => {
    document.dispatchEvent(new InputEvent('beforeinput', { inputType, isComposing }));
  };
  const sums = (): Partial<TypingEvent> => {
    vi.advanceTimersByTime(1000);
    const all = Object.entries(events.at(-1) ?? {});
    return Object.fromEntries(all.filter(([key, sum]) => key !== 'name' && sum !== 0));
  };

  it('are one sum a second, and nothing in a second without text', () => {
    for (let n = 0; n < 5; n++) {
      press();
      input('insertText');
      tally.add(1, 'editor', 'c1');
    }
    vi.advanceTimersByTime(5000);
    expect(events).toEqual([
      {
        name: 'typing',
        typed: 5,
        composed: 0,
        completed: 0,
        pasted: 0,
        dropped: 0,
        restored: 0,
        cell_id: 'c1'
      }
    ]);
  });

  it('a key that an editor answers with more is typing: brackets, indents', () => {
    press('Enter');
    tally.add(9, 'editor');
    expect(sums()).toEqual({ typed: 9 });
  });

  it('an input method and dictation are composing', () => {
    press('Process');
    document.dispatchEvent(new CompositionEvent('compositionstart'));
    input('insertCompositionText', true);
    tally.add(2, 'editor');
    document.dispatchEvent(new CompositionEvent('compositionend'));
    tally.add(1, 'editor');
    document.dispatchEvent(new KeyboardEvent('keydown', { key: 'z', ctrlKey: true }));
    press('Escape');
    input('insertText'); // words without a key of theirs
    tally.add(12, 'editor');
    press('Enter');
    input('insertLineBreak');
    tally.add(1, 'editor');
    expect(sums()).toEqual({ composed: 15, typed: 1 });
  });

  it('an accepted completion, a replacement, a split are the program’s', () => {
    press('Enter');
    tally.add(12, 'program');
    document.dispatchEvent(new Event('pointerdown'));
    tally.add(30, 'program');
    input('insertReplacementText');
    tally.add(4, 'editor');
    expect(sums()).toEqual({ completed: 46 });
  });

  it('pasted and dropped text is so, whoever puts it in', () => {
    press('v');
    document.dispatchEvent(new Event('paste'));
    tally.add(120, 'editor');
    tally.add(5, 'program');
    document.dispatchEvent(new Event('drop'));
    tally.add(7, 'editor');
    expect(sums()).toEqual({ pasted: 125, dropped: 7 });
  });

  it('undo restores', () => {
    press('z');
    tally.add(40, 'history');
    expect(sums()).toEqual({ restored: 40 });
  });

  it('text that no hand brought is nobody’s', () => {
    tally.add(400, 'program'); // nothing was ever pressed
    press('a', true); // a script’s key
    tally.add(400, 'editor');
    press();
    now_ms += 6000;
    tally.add(400, 'program'); // long after
    tally.add(400, 'history');
    vi.advanceTimersByTime(3000);
    expect(events).toEqual([]);
  });

  it('a modifier alone is no key', () => {
    press('Shift');
    tally.add(1, 'editor');
    expect(tally.lastKeyAt_ms).toBe(-Infinity);
    press('A');
    expect(tally.lastKeyAt_ms).toBe(1000);
    vi.advanceTimersByTime(1000);
    expect(events).toEqual([]);
  });

  it('the stop tells what is left, and ends it', () => {
    press();
    tally.add(3, 'editor');
    tally.stop();
    press();
    tally.add(3, 'editor');
    vi.advanceTimersByTime(3000);
    expect(events.map(event => event.typed)).toEqual([3]);
  });
});

describe('looking at places', () => {
  function run(options: { pace?: 'clock' | 'person'; rehearsal?: boolean }): {
    run: CalibrationRun;
    said: string[];
    steps: CalibrationStep[];
  } {
    const said: string[] = [];
    const steps: CalibrationStep[] = [];
    const made = new CalibrationRun({
      pace: 'clock',
      rehearsal: false,
      ...options,
      onEvent: (event: CalibrationEvent) => {
        const word = event.state === 'left_out' ? '-' : '';
        said.push(
          word + (event.target ?? event.state) + (event.rehearsal === true ? '?' : '')
        );
      },
      onStep: step => steps.push(step)
    });
    made.begin();
    return { run: made, said, steps };
  }

  const all = [
    'began',
    'centre',
    'top_left',
    'top_right',
    'bottom_right',
    'bottom_left',
    'keyboard',
    'notes',
    'other_screen',
    'finished'
  ];

  it('takes 15 to 20 s by the clock', () => {
    const { said, steps } = run({});
    vi.advanceTimersByTime(15_000);
    expect(said).not.toContain('finished');
    vi.advanceTimersByTime(5_000);
    expect(said).toEqual(all);
    expect(steps.at(-1)).toEqual({ phase: 'finished' });
  });

  it('leaves another screen out where the browser says that there is none', () => {
    expect(targetsHere('no')).not.toContain('other_screen');
    expect(targetsHere('unknown')).toContain('other_screen');
  });

  it('waits for the person at their own pace', () => {
    const { run: made, said, steps } = run({ pace: 'person' });
    vi.advanceTimersByTime(60_000);
    expect(said).toEqual(['began']);
    expect(steps).toEqual([{ phase: 'waiting', target: 'centre', index: 0, count: 8 }]);
    for (let n = 0; n < 8; n++) {
      made.next();
      vi.advanceTimersByTime(2_500);
    }
    expect(said).toEqual(all);
  });

  it('does not hurry a look, and goes on at a word once it is long enough', () => {
    const { run: made, said } = run({});
    vi.advanceTimersByTime(400);
    made.next();
    expect(said).toEqual(['began', 'centre']);
    vi.advanceTimersByTime(1_200);
    made.next();
    expect(said).toEqual(['began', 'centre', 'top_left']);
  });

  it('tells what was left out, and can be skipped at any time', () => {
    const { run: made, said, steps } = run({ pace: 'person' });
    made.leaveOut();
    made.next();
    made.skip();
    made.skip();
    vi.advanceTimersByTime(20_000);
    expect(said).toEqual(['began', '-centre', 'top_left', 'skipped']);
    expect(steps.at(-1)).toEqual({ phase: 'skipped' });
    expect(made.isOver).toBe(true);
  });

  it('says of a rehearsal that it is one', () => {
    expect(run({ rehearsal: true }).said).toEqual(['began?', 'centre?']);
  });
});
