import { IDBFactory, IDBTransaction } from 'fake-indexeddb';
import { describe, expect, it, vi } from 'vitest';

import { openStore } from '../src/kept/indexeddb';
import type { IStore } from '../src/kept/kept';
import { Kept } from '../src/kept/kept';
import type { ISpooled } from '../src/live/spool';
import { MAX_OBSERVATIONS, SETTLE_MS, Spool } from '../src/live/spool';
import { ADA, BOOT, EARLIER_BOOT } from './helpers';

function event(client_seq: number, boot_id = BOOT): ISpooled {
  return {
    boot_id,
    client_seq,
    author: ADA,
    message: {
      type: 'event',
      boot_id,
      client_seq,
      monotonic_ms: 1,
      event: { name: 'page', state: 'loaded' }
    }
  };
}

function observations(client_seq: number): ISpooled {
  return {
    boot_id: BOOT,
    client_seq,
    author: ADA,
    message: {
      type: 'observations',
      boot_id: BOOT,
      client_seq,
      monotonic_ms: 1,
      frames: [],
      frames_dropped: 0
    }
  };
}

const numbers = (spool: Spool): number[] =>
  spool.pending().map(entry => entry.client_seq);

/** A spool as a page load finds it, and what becomes of it in the browser. */
async function reloaded(
  factory: IDBFactory,
  name = 'room'
): Promise<{ spool: Spool; kept: Kept<ISpooled> }> {
  const kept = new Kept<ISpooled>(await openStore<ISpooled>(factory, name));
  await kept.load();
  return { spool: new Spool(kept), kept };
}

describe('a spool in the browser’s database', () => {
  it('is there again after a reload, in order, without what was acknowledged', async () => {
    const factory = new IDBFactory();
    const before = await reloaded(factory);
    [3, 1, 2].forEach((_, at) => {
      before.spool.add(event(at + 1));
    });
    before.spool.acknowledge(BOOT, 1);
    await before.kept.flushed();
    const { spool: after } = await reloaded(factory);
    expect(after.pending()).toEqual([event(2), event(3)]);
    expect(after.pending().map(each => each.boot_id)).toEqual([BOOT, BOOT]);
  });

  it('forgets in the database what an earlier load had left', async () => {
    const factory = new IDBFactory();
    const before = await reloaded(factory);
    before.spool.add(event(1, EARLIER_BOOT));
    await before.kept.flushed();
    const after = await reloaded(factory);
    after.spool.acknowledge(EARLIER_BOOT, 1);
    await after.kept.flushed();
    expect((await reloaded(factory)).spool.size).toBe(0);
  });

  it('keeps rooms apart', async () => {
    const factory = new IDBFactory();
    const { spool, kept } = await reloaded(factory);
    spool.add(event(1));
    await kept.flushed();
    expect((await reloaded(factory, 'another room')).spool.size).toBe(0);
  });
});

describe('a spool', () => {
  it('acknowledges one page load without touching another', () => {
    const spool = new Spool(new Kept(null));
    spool.add(event(1, EARLIER_BOOT));
    spool.add(event(1));
    spool.acknowledge(BOOT, 5);
    expect(spool.pending().map(each => each.boot_id)).toEqual([EARLIER_BOOT]);
  });

  it('drops one message only', () => {
    const spool = new Spool(new Kept(null));
    [1, 2, 3].forEach(each => {
      spool.add(event(each));
    });
    spool.drop(BOOT, 2);
    expect(numbers(spool)).toEqual([1, 3]);
  });

  it('lets the oldest observations go when there are too many, never an event', () => {
    const spool = new Spool(new Kept(null));
    spool.add(event(1));
    for (let n = 2; n <= MAX_OBSERVATIONS + 3; n++) {
      spool.add(observations(n));
    }
    expect(spool.size).toBe(MAX_OBSERVATIONS + 1);
    expect(numbers(spool).slice(0, 2)).toEqual([1, 4]);
  });

  it('leaves observations out of the database that are acknowledged soon', async () => {
    vi.useFakeTimers();
    try {
      const put: number[] = [];
      const store: IStore<ISpooled> = {
        load: () => Promise.resolve([]),
        put: entry => Promise.resolve(void put.push(entry.client_seq)),
        remove: () => Promise.resolve()
      };
      const spool = new Spool(new Kept(store));
      spool.add(observations(1));
      spool.add(observations(2));
      spool.add(event(3));
      spool.acknowledge(BOOT, 1);
      await vi.advanceTimersByTimeAsync(SETTLE_MS);
      expect(put).toEqual([3, 2]);
    } finally {
      vi.useRealTimers();
    }
  });

  it('gives a page load’s messages in their order, however the database has them', () => {
    const spool = new Spool(new Kept(null));
    spool.add(event(7, EARLIER_BOOT));
    spool.add(event(3));
    spool.add(observations(2));
    spool.add(event(6, EARLIER_BOOT));
    expect(numbers(spool)).toEqual([6, 7, 2, 3]);
  });

  it('goes on in memory when the database refuses, and says so once', async () => {
    const full: IStore<ISpooled> = {
      load: () => Promise.resolve([]),
      put: () => Promise.reject(new Error('quota')),
      remove: () => Promise.reject(new Error('quota'))
    };
    const told: unknown[] = [];
    const kept = new Kept(full, error => told.push(error));
    await kept.load();
    const spool = new Spool(kept);
    spool.add(event(1));
    spool.add(event(2));
    spool.acknowledge(BOOT, 1);
    await kept.flushed();
    expect(numbers(spool)).toEqual([2]);
    expect(told).toEqual([new Error('quota')]);
  });

  it('goes on in memory when the database cannot be read', async () => {
    const broken: IStore<ISpooled> = {
      load: () => Promise.reject(new Error('broken')),
      put: () => Promise.resolve(),
      remove: () => Promise.resolve()
    };
    const told: unknown[] = [];
    const kept = new Kept(broken, error => told.push(error));
    await kept.load();
    const spool = new Spool(kept);
    spool.add(event(1));
    expect(numbers(spool)).toEqual([1]);
    expect(told).toHaveLength(1);
  });
});

describe('the browser database', () => {
  it('says of an entry that it refuses once, and to who asked', async () => {
    const unheard = vi.fn();
    process.on('unhandledRejection', unheard);
    const commit = vi
      .spyOn(IDBTransaction.prototype, 'commit')
      .mockImplementation(function (this: IDBTransaction) {
        this.abort();
      });
    const store = await openStore<object>(new IDBFactory(), 'full');
    await expect(store.put({})).rejects.toThrow();
    await new Promise(resolve => setTimeout(resolve));
    expect(unheard).not.toHaveBeenCalled();
    commit.mockRestore();
    process.off('unhandledRejection', unheard);
  });
});
