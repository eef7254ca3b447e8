import type { FromHeart, ToHeart } from '@nbinterview/proctor';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { IHeartWorker } from '../src/live/beats';
import { Beats, LOOK_MS, SILENT_MS } from '../src/live/beats';
import type { Beat } from '../src/wire';
import { BOOT } from './helpers';

const KEYS = {
  interview: 'abcdefghij',
  key: 'AAAA',
  nonce: 'a'.repeat(32),
  interval_ms: 1000
};

class FakeWorker implements IHeartWorker {
  onmessage: IHeartWorker['onmessage'] = null;
  readonly told: ToHeart[] = [];
  isTerminated = false;

  postMessage(message: ToHeart): void {
    this.told.push(message);
  }

  terminate(): void {
    this.isTerminated = true;
  }

  say(message: FromHeart): void {
    this.onmessage?.({ data: message } as MessageEvent<FromHeart>);
  }

  alive(beat: number): void {
    this.say({ type: 'alive', progress: { beat, frames_seen: 5, frames_dropped: 1 } });
  }
}

function beat(number: number): Beat {
  return {
    type: 'beat',
    boot_id: BOOT,
    beat: number,
    monotonic_ms: 1,
    frames_seen: 0,
    frames_dropped: 0,
    nonce: KEYS.nonce,
    mac: '0'.repeat(64)
  };
}

function made(): {
  beats: Beats;
  workers: FakeWorker[];
  sent: number[];
  keyless: () => number;
} {
  const workers: FakeWorker[] = [];
  const sent: number[] = [];
  let keyless = 0;
  const beats = new Beats({
    bootId: BOOT,
    createWorker: () => {
      const worker = new FakeWorker();
      workers.push(worker);
      return worker;
    },
    originMs: 17,
    monotonicMs: () => Date.now()
  });
  beats.onBeat = each => sent.push(each.beat);
  beats.onKeyless = () => {
    keyless += 1;
  };
  return { beats, workers, sent, keyless: () => keyless };
}

const kinds = (worker: FakeWorker | undefined): string[] =>
  (worker?.told ?? []).map(each => each.type);

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(console, 'warn').mockReturnValue();
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('the page’s end of the worker that beats', () => {
  it('tells once that none can be signed here', () => {
    const { beats, workers } = made();
    let failed = 0;
    beats.failed.connect(() => {
      failed += 1;
    });
    beats.begin(KEYS);
    expect(beats.hasFailed).toBe(false);
    workers[0]?.say({ type: 'failed', reason: 'no keys' });
    workers[0]?.say({ type: 'failed', reason: 'no keys' });
    expect([beats.hasFailed, failed]).toEqual([true, 1]);
  });

  it('makes none where the room wants no beats', () => {
    const { beats, workers } = made();
    beats.begin(null);
    beats.start();
    vi.advanceTimersByTime(60_000);
    expect(workers).toEqual([]);
  });

  it('hands over keys and the first port, and keeps no key', () => {
    const { beats, workers } = made();
    beats.port();
    beats.start();
    beats.begin(KEYS);
    expect(kinds(workers[0])).toEqual(['begin', 'counts', 'run', 'connection']);
    expect(workers[0].told[2]).toEqual({ type: 'run', on: true });
    expect(Object.values(beats)).not.toContain(KEYS);
  });

  it('lets beats of an earlier connection go: their key is forgotten there', () => {
    const { beats, workers, sent } = made();
    beats.begin(KEYS);
    workers[0].say({ type: 'beat', connection: 1, beat: beat(1) });
    beats.begin(null);
    workers[0].say({ type: 'beat', connection: 1, beat: beat(2) });
    beats.begin(KEYS);
    workers[0].say({ type: 'beat', connection: 1, beat: beat(3) });
    workers[0].say({ type: 'beat', connection: 3, beat: beat(4) });
    expect(sent).toEqual([1, 4]);
  });

  it('makes a worker anew that fell silent, counts on, and asks for keys', () => {
    const { beats, workers, keyless } = made();
    let renewed = 0;
    beats.renewed.connect(() => {
      renewed += 1;
      beats.port();
    });
    beats.start();
    beats.begin(KEYS);
    for (let n = 1; n <= 10; n++) {
      workers[0].alive(n);
      vi.advanceTimersByTime(1_000);
    }
    expect(workers).toHaveLength(1);
    vi.advanceTimersByTime(SILENT_MS);
    expect(workers).toHaveLength(2);
    expect(workers[0].isTerminated).toBe(true);
    expect(workers[1].told.slice(0, 2)).toEqual([
      {
        type: 'begin',
        boot_id: BOOT,
        page_origin_ms: 17,
        from: { beat: 10, frames_seen: 5, frames_dropped: 1 }
      },
      { type: 'run', on: true }
    ]);
    expect(kinds(workers[1])).toContain('counts');
    expect(kinds(workers[1])).not.toContain('connection');
    expect([renewed, keyless()]).toEqual([1, 1]);
  });

  it('gives the room time to notice before it makes one anew', () => {
    const { beats, workers } = made();
    beats.begin(KEYS);
    vi.advanceTimersByTime(SILENT_MS - LOOK_MS);
    expect(workers).toHaveLength(1);
  });

  it('tries less and less often where none will run', () => {
    const { beats, workers } = made();
    beats.begin(KEYS);
    vi.advanceTimersByTime(10 * 60_000);
    expect(workers.length).toBeGreaterThan(5);
    expect(workers.length).toBeLessThan(20);
  });

  it('does not take a page that slept for a worker that died', () => {
    const { beats, workers } = made();
    beats.begin(KEYS);
    workers[0].alive(1);
    vi.setSystemTime(Date.now() + 120_000); // the timers stood still meanwhile
    vi.advanceTimersByTime(2 * LOOK_MS);
    expect(workers).toHaveLength(1);
  });

  it('ends with its page', () => {
    const { beats, workers } = made();
    beats.begin(KEYS);
    beats.dispose();
    vi.advanceTimersByTime(60_000);
    expect(workers).toHaveLength(1);
    expect(workers[0].isTerminated).toBe(true);
  });
});
