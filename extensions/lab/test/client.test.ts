import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { ACK_TIMEOUT_MS, OPEN_TIMEOUT_MS } from '../src/live/line';
import { Kept } from '../src/kept/kept';
import { Spool } from '../src/live/spool';
import type { Frame, Problem } from '../src/wire';
import { ADA, BOOT, connected, EARLIER_BOOT, welcome, world } from './helpers';

const LOADED = { name: 'page', state: 'loaded' } as const;

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe('a new page', () => {
  it('says hello, and is ready with the welcome', async () => {
    const { client, socket } = world();
    client.connect();
    socket().open();
    expect(socket().sent).toEqual([{ type: 'hello', boot_id: BOOT }]);
    socket().say(welcome({ title: 'Churn' }));
    await expect(client.ready).resolves.toMatchObject({ title: 'Churn' });
    expect(client.status).toBe('online');
  });

  it('reports nothing before it knows who it is', () => {
    const { client } = world();
    expect(() => {
      client.record(LOADED);
    }).toThrow('Nothing is reported');
  });

  it('numbers its messages and keeps each until it is acknowledged', () => {
    const { client, spool, socket } = connected();
    client.record(LOADED);
    client.observe([], 3);
    expect(socket().sent.slice(1)).toEqual([
      {
        type: 'event',
        boot_id: BOOT,
        client_seq: 1,
        monotonic_ms: 1234,
        event: LOADED
      },
      {
        type: 'observations',
        boot_id: BOOT,
        client_seq: 2,
        monotonic_ms: 1234,
        frames: [],
        frames_dropped: 3
      }
    ]);
    socket().say({ type: 'ack', boot_id: BOOT, client_seq: 1 });
    expect(spool.pending().map(entry => entry.client_seq)).toEqual([2]);
  });

  it('tells when something happened, if that is not now', () => {
    const { client, socket } = connected();
    client.record(LOADED, 17);
    expect(socket().sent.at(-1)).toMatchObject({ monotonic_ms: 17 });
  });

  it('has at most 64 messages on their way', () => {
    const { client, socket } = connected();
    for (let n = 0; n < 100; n++) {
      client.observe([], 0);
    }
    expect(socket().numbers()).toHaveLength(64);
    socket().say({ type: 'ack', boot_id: BOOT, client_seq: 30 });
    expect(socket().numbers()).toHaveLength(94);
  });
});

describe('after a loss', () => {
  it('comes back and sends again what was not acknowledged, in order', () => {
    const { client, socket, sockets } = connected();
    client.record(LOADED);
    client.record(LOADED);
    socket().say({ type: 'ack', boot_id: BOOT, client_seq: 1 });
    socket().lose();
    expect(client.status).toBe('offline');
    client.record(LOADED); // written while away
    vi.advanceTimersByTime(1000);
    expect(sockets).toHaveLength(2);
    socket().open();
    socket().say(welcome({ acknowledged: { [BOOT]: 1 } }));
    expect(socket().numbers()).toEqual([2, 3]);
    expect(client.status).toBe('online');
  });

  it('sends nothing twice that the room had taken before the loss', () => {
    const { client, socket, spool } = connected();
    client.record(LOADED);
    client.record(LOADED);
    socket().lose();
    vi.advanceTimersByTime(1000);
    socket().open();
    socket().say(welcome({ acknowledged: { [BOOT]: 2 } }));
    expect(socket().numbers()).toEqual([]);
    expect(spool.size).toBe(0);
  });

  it('waits longer after each try, and from the start once it was there again', () => {
    const { socket, sockets } = connected();
    socket().lose();
    const waits: number[] = [];
    for (let n = 0; n < 8; n++) {
      const opened = sockets.length;
      let waited = 0;
      while (sockets.length === opened) {
        vi.advanceTimersByTime(25);
        waited += 25;
      }
      waits.push(waited);
      socket().lose();
    }
    expect(waits).toEqual([375, 750, 1500, 3000, 6000, 11250, 11250, 11250]);
    vi.advanceTimersByTime(11_250);
    socket().open();
    socket().say(welcome());
    socket().lose();
    const opened = sockets.length;
    vi.advanceTimersByTime(375);
    expect(sockets).toHaveLength(opened + 1);
  });

  it('takes silence for a loss when an answer is due', () => {
    const { client, socket } = connected();
    client.record(LOADED);
    const dead = socket();
    vi.advanceTimersByTime(ACK_TIMEOUT_MS);
    expect(dead.isClosed).toBe(true);
    expect(client.status).toBe('offline');
  });

  it('lets no socket hang that does not open', () => {
    const { client, socket } = world();
    client.connect();
    const hanging = socket();
    vi.advanceTimersByTime(OPEN_TIMEOUT_MS);
    expect(hanging.isClosed).toBe(true);
    expect(client.status).toBe('offline');
  });

  it('takes silence for nothing when no answer is due', () => {
    const { client } = connected();
    vi.advanceTimersByTime(10 * ACK_TIMEOUT_MS);
    expect(client.status).toBe('online');
  });

  it('does not wait for ever for a welcome', () => {
    const { client, socket } = world();
    client.connect();
    socket().open();
    vi.advanceTimersByTime(ACK_TIMEOUT_MS);
    expect(client.status).toBe('offline');
  });

  it('comes back at once when the network does', () => {
    const { client, socket, sockets } = connected();
    socket().lose();
    client.connect();
    expect(sockets).toHaveLength(2);
    vi.advanceTimersByTime(OPEN_TIMEOUT_MS - 1);
    expect(sockets).toHaveLength(2); // the timer of the loss does not open a second one
  });
});

describe('the end of the interview', () => {
  const ended = { type: 'state', state: 'ended' } as const;

  it('still takes what is on its way', () => {
    const { client, socket, spool } = connected();
    socket().say(ended);
    client.record(LOADED);
    expect(client.status).toBe('online');
    socket().say({ type: 'ack', boot_id: BOOT, client_seq: 1 });
    expect(spool.size).toBe(0);
  });

  it('is the end of the connection: a loss after it is none', () => {
    const { client, socket, sockets } = connected();
    const heard: string[] = [];
    client.statusChanged.connect((_, status) => heard.push(status));
    socket().say(ended);
    socket().lose();
    client.connect(); // the network is back
    vi.advanceTimersByTime(OPEN_TIMEOUT_MS - 1);
    expect(heard).toEqual(['closed']);
    expect(sockets).toHaveLength(1);
  });

  it('may have been before this page came', () => {
    const { client, socket, sockets } = connected({ state: 'ended' });
    socket().lose();
    vi.advanceTimersByTime(OPEN_TIMEOUT_MS - 1);
    expect(client.status).toBe('closed');
    expect(sockets).toHaveLength(1);
  });
});

describe('an earlier load of the page', () => {
  function spoolOf(author: string): Spool {
    const spool = new Spool(new Kept(null));
    for (const client_seq of [7, 8]) {
      spool.add({
        boot_id: EARLIER_BOOT,
        client_seq,
        author,
        message: {
          type: 'event',
          boot_id: EARLIER_BOOT,
          client_seq,
          monotonic_ms: 5,
          event: LOADED
        }
      });
    }
    return spool;
  }

  it('is acknowledged, and what it left is sent before anything new', () => {
    const { client, socket } = connected(
      { acknowledged: { [EARLIER_BOOT]: 7 } },
      spoolOf(ADA)
    );
    client.record(LOADED);
    expect(socket().sent[0]).toEqual({
      type: 'hello',
      boot_id: BOOT
    });
    expect(socket().sent.slice(1)).toMatchObject([
      { boot_id: EARLIER_BOOT, client_seq: 8 },
      { boot_id: BOOT, client_seq: 1 }
    ]);
  });

  it('of another person is not sent in this person’s name', () => {
    const { socket } = connected({}, spoolOf('p-bbbbbbbbbb'));
    expect(socket().numbers(EARLIER_BOOT)).toEqual([]);
  });
});

describe('a refusal', () => {
  function problem(status: number): Problem {
    return {
      type: 'problem',
      title: 'x',
      status,
      detail: 'x',
      boot_id: BOOT,
      client_seq: 1
    };
  }

  it('that is final lets go of the message', () => {
    const { client, socket, spool } = connected();
    const seen: number[] = [];
    client.heard('problem').connect((_, each) => seen.push(each.status));
    client.record(LOADED);
    socket().say(problem(400));
    expect(spool.size).toBe(0);
    expect(seen).toEqual([400]);
  });

  it.each([409, 503])('of status %i keeps it to be sent again', status => {
    const { client, socket, spool } = connected();
    client.record(LOADED);
    socket().say(problem(status));
    expect(spool.size).toBe(1);
  });
});

describe('what the room tells', () => {
  it('reaches those who listen', () => {
    const { client, socket } = connected();
    const heard: unknown[] = [];
    client.heard('warning').connect((_, { warning }) => heard.push(warning.text));
    client
      .heard('warning_cleared')
      .connect((_, { episode_id }) => heard.push(episode_id));
    client.heard('state').connect((_, { state }) => heard.push(state));
    client.heard('kernel').connect((_, kernel) => heard.push(kernel.state));
    const at = '2026-11-22T13:00:00Z';
    socket().say({
      type: 'warning',
      warning: { episode_id: 'e', rule: 'no_face', text: 'hello', at }
    });
    socket().say({ type: 'warning_cleared', episode_id: 'e' });
    socket().say({ type: 'kernel', state: 'died', detail: '' });
    socket().say({ type: 'state', state: 'ended' });
    expect(heard).toEqual(['hello', 'e', 'died', 'ended']);
  });

  it('is there for those who come late', () => {
    const { client, socket } = connected();
    const person = {
      hub_name: ADA,
      display_name: 'Ada',
      initials: 'A',
      color: '#112233',
      role: 'candidate' as const,
      present: true
    };
    socket().say({ type: 'people', people: [person] });
    socket().say({
      type: 'sensor',
      sensor: { sensor: 'camera', state: 'measuring', detail: '' }
    });
    socket().say({ type: 'state', state: 'ended' });
    expect(client.welcome).toMatchObject({
      people: [person],
      sensors: [{ sensor: 'camera', state: 'measuring' }],
      state: 'ended'
    });
  });

  it('is heard no more after dispose', () => {
    const { client, socket, sockets } = connected();
    const last = socket();
    client.dispose();
    last.lose();
    vi.advanceTimersByTime(60_000);
    expect(last.isClosed).toBe(true);
    expect(sockets).toHaveLength(1);
  });
});

describe('a person whose access was taken away', () => {
  it('is told by the close, and the page does not come back', async () => {
    const { client, sockets, socket } = connected();
    socket().lose(1008, 'access ended');
    expect(client.status).toBe('closed');
    expect(client.isWithdrawn).toBe(true);
    await vi.advanceTimersByTimeAsync(120_000);
    expect(sockets).toHaveLength(1);
  });

  it('is told by the door, when the page was away meanwhile', async () => {
    const { client, sockets, socket } = world(undefined, () => Promise.resolve(false));
    client.connect();
    socket().open();
    socket().say(welcome());
    socket().lose();
    await vi.advanceTimersByTimeAsync(120_000);
    expect(client.status).toBe('closed');
    expect(client.isWithdrawn).toBe(true);
    expect(sockets).toHaveLength(1);
  });

  it('is nobody whose room only did not answer, or closed for another reason', async () => {
    const { client, sockets, socket } = connected();
    socket().lose(1008, 'another');
    expect(client.status).toBe('offline');
    await vi.advanceTimersByTimeAsync(5_000);
    expect(client.isWithdrawn).toBe(false);
    expect(sockets.length).toBeGreaterThan(1);
  });
});

describe('what is measured', () => {
  const frame = (at_ms: number): Frame => ({
    at_ms,
    faces: 1,
    luma_mean: 100,
    luma_std: 40,
    frame_diff: 1,
    inference_ms: 20
  });

  it('goes out at once, with its rate', () => {
    const { client, socket } = connected();
    client.observe([frame(1)], 0, 10);
    client.observe([frame(2)], 1, 9.5);
    expect(socket().sent.slice(1)).toMatchObject([
      { client_seq: 1, frames: [{ at_ms: 1 }], frames_dropped: 0, rate_hz: 10 },
      { client_seq: 2, frames: [{ at_ms: 2 }], frames_dropped: 1, rate_hz: 9.5 }
    ]);
  });

  it('is one message a second without a connection, and none is lost or overtaken', () => {
    let nowMs = 0;
    const { client, socket, spool } = world(undefined, undefined, () => nowMs);
    client.connect();
    socket().open();
    socket().say(welcome());
    socket().lose();
    for (let n = 0; n < 50; n++) {
      nowMs = n * 100;
      client.observe([frame(nowMs)], 1, 10);
      if (n === 24) {
        client.record(LOADED);
      }
    }
    expect(spool.size).toBeLessThanOrEqual(7);
    vi.advanceTimersByTime(1_000);
    socket().open();
    socket().say(welcome());
    const sent = socket().sent.slice(1);
    const frames = sent.flatMap(each =>
      each.type === 'observations' ? each.frames : []
    );
    expect(frames.map(({ at_ms }) => at_ms)).toEqual(
      Array.from({ length: 50 }, (_, n) => n * 100)
    );
    const before = sent.slice(
      0,
      sent.findIndex(each => each.type === 'event')
    );
    expect(
      before.flatMap(each => (each.type === 'observations' ? each.frames : []))
    ).toHaveLength(25);
    expect(
      sent.reduce(
        (sum, each) => sum + (each.type === 'observations' ? each.frames_dropped : 0),
        0
      )
    ).toBe(50);
    expect(
      Math.max(...sent.map(each => ('frames' in each ? each.frames.length : 0)))
    ).toBeLessThanOrEqual(20);
  });
});

describe('what an interviewer asks', () => {
  it('goes out at once or not at all', () => {
    const { client, socket, spool } = connected({ role: 'interviewer' });
    expect(client.act({ action: 'pause_watching' })).toBe(true);
    expect(client.act({ action: 'set_allows', allows: ['ai'] })).toBe(true);
    expect(socket().sent.slice(1)).toEqual([
      { type: 'action', action: 'pause_watching' },
      { type: 'action', action: 'set_allows', allows: ['ai'] }
    ]);
    socket().lose();
    expect(client.act({ action: 'resume_watching' })).toBe(false);
    expect(spool.size).toBe(0);
  });
});
