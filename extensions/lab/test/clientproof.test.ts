import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { DOUBT_MS } from '../src/live/line';
import { BOOT, connected, welcome, world } from './helpers';

const LOADED = { name: 'page', state: 'loaded' } as const;

const BEATS = {
  interview: 'abcdefghij',
  key: 'c2VjcmV0',
  nonce: 'a'.repeat(32),
  interval_ms: 1000
};
const BEAT = {
  type: 'beat',
  boot_id: BOOT,
  beat: 1,
  monotonic_ms: 5,
  frames_seen: 0,
  frames_dropped: 0,
  nonce: BEATS.nonce,
  mac: '0'.repeat(64)
} as const;

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe('beats', () => {
  it('get their key with the welcome, and nobody can read it there', async () => {
    const { client, pulse } = connected({ beats: BEATS });
    expect(pulse.told).toEqual([BEATS]);
    expect(client.welcome).not.toHaveProperty('beats');
    expect(await client.ready).not.toHaveProperty('beats');
  });

  it('get the room’s nonces, and end with their connection', () => {
    const { socket, pulse } = connected({ beats: BEATS });
    socket().say({ type: 'nonce', nonce: 'b'.repeat(32) });
    socket().lose();
    expect(pulse.told).toEqual([BEATS, 'b'.repeat(32), null]);
  });

  it('go out at once or never', () => {
    const { socket, pulse, spool } = connected({ beats: BEATS });
    pulse.onBeat?.(BEAT);
    expect(socket().sent.at(-1)).toEqual(BEAT);
    socket().lose();
    const before = socket().sent.length;
    pulse.onBeat?.(BEAT);
    expect(socket().sent).toHaveLength(before);
    expect(spool.size).toBe(0);
  });

  it('get new keys for a new worker', () => {
    const { socket, pulse } = connected({ beats: BEATS });
    pulse.onKeyless?.();
    expect(socket().sent.at(-1)).toEqual({ type: 'hello', boot_id: BOOT });
    socket().say(welcome({ beats: { ...BEATS, key: 'bmV3' } }));
    expect(pulse.told.at(-1)).toMatchObject({ key: 'bmV3' });
  });
});

describe('one page of several', () => {
  const passive = { active: false, pages: 2 };
  const lease = (active: boolean) =>
    ({
      type: 'lease',
      active,
      pages: 2,
      state: 'taken',
      at: '2026-11-22T13:00:00Z'
    }) as const;

  it('tells nothing while another one counts, and keeps nothing of it', () => {
    const { client, socket, spool, pulse } = connected({ lease: passive });
    client.record(LOADED);
    client.observe([], 0);
    pulse.onBeat?.(BEAT);
    expect(client.isActive).toBe(false);
    expect(socket().sent).toHaveLength(1);
    expect(spool.size).toBe(0);
  });

  it('asks to be the one, and tells again once it is', () => {
    const { client, socket } = connected({ lease: passive });
    const heard: boolean[] = [];
    client.heard('lease').connect(() => heard.push(client.isActive));
    expect(client.takeLease()).toBe(true);
    expect(socket().sent.at(-1)).toEqual({ type: 'lease', boot_id: BOOT });
    socket().say(lease(true));
    client.record(LOADED);
    expect(socket().numbers()).toEqual([1]);
    socket().say(lease(false));
    client.record(LOADED);
    expect(socket().numbers()).toEqual([1]);
    expect(heard).toEqual([true, false]);
  });

  it('still sends what it had before another one counted', () => {
    const { client, socket } = connected();
    socket().lose();
    client.record(LOADED);
    client.observe([], 2); // held, not a message yet
    client.connect();
    socket().open();
    socket().say(welcome({ lease: passive }));
    expect(socket().numbers()).toEqual([1, 2]);
  });

  it('is none of an interviewer’s business', () => {
    const { client } = connected({ role: 'interviewer', lease: passive });
    expect(client.isActive).toBe(true);
    expect(client.takeLease()).toBe(true);
  });
});

describe('a page in doubt about its connection', () => {
  it('asks, and comes back when nobody answers', () => {
    const { client, socket, sockets } = connected();
    client.doubt();
    expect(socket().sent.at(-1)).toEqual({ type: 'hello', boot_id: BOOT });
    vi.advanceTimersByTime(DOUBT_MS);
    expect(socket().isClosed).toBe(true);
    vi.advanceTimersByTime(1_000);
    expect(sockets).toHaveLength(2);
  });

  it('stays when it is answered, and loses nothing', () => {
    const { client, socket, sockets } = connected();
    client.record(LOADED);
    client.doubt();
    socket().say(welcome({ acknowledged: { [BOOT]: 1 } }));
    vi.advanceTimersByTime(10 * DOUBT_MS);
    expect(sockets).toHaveLength(1);
    expect(client.waiting).toBe(0);
  });

  it('comes back at once when there is none', () => {
    const { client, socket, sockets } = connected();
    socket().lose();
    client.doubt();
    expect(sockets).toHaveLength(2);
  });
});

describe('what is erased', () => {
  it('is forgotten, of these kinds, and not sent any more', () => {
    const { client, socket, spool } = connected();
    socket().lose();
    client.record(LOADED);
    client.observe([], 0);
    client.record(LOADED);
    client.connect();
    socket().open();
    socket().say(welcome());
    expect(spool.size).toBe(3);
    socket().say({ type: 'erase', interview: 'abcdefghij', kinds: ['observations'] });
    expect(spool.pending().map(each => each.message.type)).toEqual(['event', 'event']);
    socket().say({ type: 'erase', interview: 'abcdefghij', kinds: [] });
    expect(spool.size).toBe(0);
  });
});

describe('the end', () => {
  it('has the browser’s store emptied once the room has all, also when it is told late', () => {
    const { client, socket, spool } = connected();
    const finish = vi.spyOn(spool, 'finish');
    client.record(LOADED);
    expect(finish).not.toHaveBeenCalled();
    socket().say({ type: 'state', state: 'ended' });
    expect(finish).toHaveBeenCalledTimes(1);

    const late = world();
    const told = vi.spyOn(late.spool, 'finish');
    late.client.connect();
    late.socket().open();
    late.socket().say(welcome({ state: 'ended' }));
    expect(told).toHaveBeenCalled();
  });
});
