import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import {
  Counter,
  importKey,
  NOTHING,
  sign,
  signedBytes,
  type FromHeart,
  type Signed,
  type ToHeart
} from '../src/beat.js';

const INTERVIEW = 'abcdefghij';
const BOOT = '00000000-0000-4000-8000-000000000001';
const RAW = Uint8Array.from({ length: 32 }, (_, n) => n);
const KEY = Buffer.from(RAW).toString('base64');
const NONCE = '0123456789abcdef0123456789abcdef';
const SAID = {
  boot_id: BOOT,
  beat: 7,
  monotonic_ms: 12_345,
  frames_seen: 40,
  frames_dropped: 2,
  nonce: NONCE
};
// As the room writes it; tests/extensions holds the same against its own canonical form.
const TEXT =
  `{"beat":7,"boot_id":"${BOOT}","frames_dropped":2,"frames_seen":40,` +
  `"interview":"abcdefghij","monotonic_ms":12345,"nonce":"${NONCE}"}`;

describe('what is signed', () => {
  it('is the canonical form of the body, whatever the order of its names', () => {
    expect(
      new TextDecoder().decode(signedBytes({ interview: INTERVIEW, ...SAID }))
    ).toBe(TEXT);
    const reversed = Object.fromEntries(
      Object.entries({ interview: INTERVIEW, ...SAID }).reverse()
    ) as Signed;
    expect(new TextDecoder().decode(signedBytes(reversed))).toBe(TEXT);
  });

  it('is signed by HMAC-SHA-256, and says nothing of the interview over the wire', async () => {
    const beat = await sign(INTERVIEW, SAID, await importKey(KEY));
    expect(beat).not.toHaveProperty('interview');
    expect(beat.mac).toBe(createHmac('sha256', RAW).update(TEXT).digest('hex'));
  });

  it('is signed by a key that nothing reads again', async () => {
    const key = await importKey(KEY);
    expect(key.extractable).toBe(false);
    await expect(crypto.subtle.exportKey('raw', key)).rejects.toThrow();
  });
});

describe('what is counted', () => {
  it('goes on from where a worker that died had come', () => {
    const counter = new Counter({ beat: 9, frames_seen: 3, frames_dropped: 1 });
    counter.beat();
    counter.count({ measured: 1 });
    counter.drop(4);
    expect(counter.progress).toEqual({ beat: 10, frames_seen: 4, frames_dropped: 5 });
    expect(NOTHING.beat).toBe(0);
  });
});

describe('the worker', () => {
  const said: FromHeart[] = [];
  const scope = globalThis as unknown as {
    onmessage: ((event: { data: ToHeart }) => void) | null;
    postMessage: (message: FromHeart) => void;
  };
  const tell = (message: ToHeart): void => scope.onmessage?.({ data: message });
  // Signing is the platform's own work, which no fake clock moves: what was asked before
  // this is done by then, since the worker signs one after the other.
  const settle = async (): Promise<void> => {
    for (let n = 0; n < 10; n++) {
      await sign(INTERVIEW, SAID, await importKey(KEY));
      await new Promise(resolve => setTimeout(resolve, 2));
    }
  };
  const beats = (): number[] =>
    said.flatMap(each => (each.type === 'beat' ? [each.beat.beat] : []));

  beforeEach(async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    vi.resetModules();
    said.length = 0;
    scope.postMessage = message => said.push(message);
    await import('../src/heartbeat.worker.js');
    tell({
      type: 'begin',
      boot_id: BOOT,
      page_origin_ms: performance.timeOrigin,
      from: NOTHING
    });
  });

  afterEach(() => {
    vi.clearAllTimers();
    vi.useRealTimers();
  });

  const keys = { interview: 'abcdefghij', key: KEY, nonce: NONCE, interval_ms: 1000 };

  it('counts the seconds and signs nothing before the page watches', async () => {
    tell({ type: 'connection', connection: 1, keys });
    vi.advanceTimersByTime(3_000);
    await settle();
    expect(beats()).toEqual([]);
    const last = said.at(-1);
    expect(last?.type === 'alive' && last.progress.beat).toBe(4);
  });

  it('beats once a second, each with a number of its own and the newest nonce', async () => {
    tell({ type: 'connection', connection: 1, keys });
    tell({ type: 'run', on: true });
    vi.advanceTimersByTime(2_000);
    await settle();
    const nonce = 'f'.repeat(32);
    tell({ type: 'nonce', nonce });
    await settle();
    expect(beats()).toEqual([2, 3, 4, 5]);
    const last = said.at(-1);
    expect(last).toMatchObject({ connection: 1, beat: { nonce, boot_id: BOOT } });
  });

  it('counts on without a connection, and signs by the key of the next one', async () => {
    tell({ type: 'run', on: true });
    tell({ type: 'connection', connection: 1, keys });
    tell({ type: 'connection', connection: 2, keys: null });
    await settle();
    said.length = 0;
    vi.advanceTimersByTime(5_000);
    await settle();
    expect(beats()).toEqual([]);
    const raw = Uint8Array.from(RAW, byte => 255 - byte);
    const key = Buffer.from(raw).toString('base64');
    tell({ type: 'connection', connection: 3, keys: { ...keys, key } });
    await settle();
    const last = said.at(-1);
    if (last?.type !== 'beat') {
      throw new Error('no beat');
    }
    const { type, mac, ...body } = last.beat;
    const bytes = signedBytes({ ...body, interview: keys.interview });
    expect(type).toBe('beat');
    expect(mac).toBe(createHmac('sha256', raw).update(bytes).digest('hex'));
    expect(last.connection).toBe(3);
    expect(body.beat).toBe(8);
  });

  it('is told by the detector itself, and by the newest one only', async () => {
    tell({ type: 'connection', connection: 1, keys });
    const first = new MessageChannel();
    const second = new MessageChannel();
    tell({ type: 'counts', port: first.port2 });
    first.port1.postMessage({ measured: 1 });
    tell({ type: 'dropped', pictures: 2 });
    await settle();
    tell({ type: 'counts', port: second.port2 });
    first.port1.postMessage({ measured: 9 });
    second.port1.postMessage({ measured: 1 });
    await settle();
    tell({ type: 'run', on: true });
    await settle();
    const last = said.at(-1);
    expect(last).toMatchObject({ beat: { frames_seen: 2, frames_dropped: 2 } });
    second.port1.close();
  });

  it('says so before the page watches, in a browser that gives no keys', async () => {
    vi.stubGlobal('crypto', {}); // as by plain http: no `subtle`
    tell({ type: 'connection', connection: 1, keys });
    await Promise.resolve().then(() => undefined);
    vi.unstubAllGlobals();
    await settle();
    expect(said.map(each => each.type)).toContain('failed');
  });

  it('says so when it cannot sign', async () => {
    tell({ type: 'run', on: true });
    tell({ type: 'connection', connection: 1, keys: { ...keys, key: 'not base64!' } });
    await settle();
    expect(said.map(each => each.type)).toContain('failed');
    expect(beats()).toEqual([]);
  });
});
