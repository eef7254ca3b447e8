import { IDBFactory, IDBTransaction } from 'fake-indexeddb';
import { describe, expect, it, vi } from 'vitest';

import { openStore } from '../src/kept/indexeddb';
import type { IStore } from '../src/kept/kept';
import { Kept } from '../src/kept/kept';
import type { ISpooled } from '../src/live/spool';
import type { ILocks } from '../src/live/loads';
import { Loads } from '../src/live/loads';
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
        remove: () => Promise.resolve(),
        discard: () => Promise.resolve()
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
      remove: () => Promise.reject(new Error('quota')),
      discard: () => Promise.resolve()
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
      remove: () => Promise.resolve(),
      discard: () => Promise.resolve()
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

/** The browser's locks, as far as pages of one browser see them. */
class FakeLocks {
  /** One page's view of them; `gone` is what a closed or crashed page lets go. */
  page(): { locks: ILocks; gone: () => void } {
    const held = new Map<string, () => void>();
    const request = async (
      name: string,
      options: LockOptions,
      callback: (lock: Lock | null) => Promise<unknown>
    ): Promise<unknown> => {
      while (this._holders.has(name)) {
        if (options.ifAvailable === true) {
          return callback(null);
        }
        await this._holders.get(name);
      }
      let release: () => void = () => undefined;
      const holding = new Promise<void>(resolve => {
        release = () => {
          this._holders.delete(name);
          resolve();
        };
      });
      this._holders.set(name, holding);
      held.set(name, release);
      return callback({ name, mode: 'exclusive' });
    };
    return {
      locks: { request } as unknown as ILocks,
      gone: () => {
        held.forEach(release => {
          release();
        });
      }
    };
  }

  private readonly _holders = new Map<string, Promise<void>>();
}

/** A page of a browser: its spool, and how it goes. */
async function page(
  factory: IDBFactory,
  browser: FakeLocks,
  bootId: string
): Promise<{ spool: Spool; kept: Kept<ISpooled>; gone: () => void }> {
  const { locks, gone } = browser.page();
  const loads = new Loads(locks, 'room');
  await loads.claim(bootId);
  const kept = new Kept<ISpooled>(await openStore<ISpooled>(factory, 'room'));
  await kept.load();
  const spool = new Spool(kept, loads);
  await spool.claim();
  return { spool, kept, gone };
}

describe('two pages of one browser', () => {
  const BOTH = [BOOT, EARLIER_BOOT] as const;

  it('do not send each other’s messages while both are open', async () => {
    const [factory, browser] = [new IDBFactory(), new FakeLocks()];
    const first = await page(factory, browser, BOTH[0]);
    first.spool.add(event(1, BOTH[0]));
    await first.kept.flushed();
    const second = await page(factory, browser, BOTH[1]);
    second.spool.add(event(1, BOTH[1]));
    expect(second.spool.pending()).toEqual([event(1, BOTH[1])]);
    expect(second.spool.size).toBe(1);
  });

  it('take over what the other left, in order, once it is gone', async () => {
    const [factory, browser] = [new IDBFactory(), new FakeLocks()];
    const first = await page(factory, browser, BOTH[0]);
    first.spool.add(event(1, BOTH[0]));
    await first.kept.flushed();
    const second = await page(factory, browser, BOTH[1]);
    await second.spool.look();
    const found = new Promise(resolve => second.spool.found.connect(resolve));
    first.spool.acknowledge(BOTH[0], 1);
    first.spool.add(event(2, BOTH[0]));
    first.spool.add(event(3, BOTH[0]));
    await first.kept.flushed();
    second.spool.add(event(1, BOTH[1]));
    first.gone();
    await found;
    expect(second.spool.pending().map(each => [each.boot_id, each.client_seq])).toEqual(
      [
        [BOTH[0], 2],
        [BOTH[0], 3],
        [BOTH[1], 1]
      ]
    );
    second.spool.acknowledge(BOTH[0], 3);
    await second.kept.flushed();
    expect(await second.kept.stored()).toEqual([event(1, BOTH[1])]);
  });

  it('find what one left that came later and crashed', async () => {
    const [factory, browser] = [new IDBFactory(), new FakeLocks()];
    const first = await page(factory, browser, BOTH[0]);
    const second = await page(factory, browser, BOTH[1]);
    second.spool.add(event(4, BOTH[1]));
    await second.kept.flushed();
    second.gone();
    const found = new Promise(resolve => first.spool.found.connect(resolve));
    await first.spool.look();
    await found;
    expect(numbers(first.spool)).toEqual([4]);
  });

  it('hand a page’s messages to one heir only', async () => {
    const [factory, browser] = [new IDBFactory(), new FakeLocks()];
    const third = '00000000-0000-4000-8000-000000000003';
    const dead = await page(factory, browser, BOTH[0]);
    dead.spool.add(event(1, BOTH[0]));
    await dead.kept.flushed();
    dead.gone();
    const [one, other] = [
      await page(factory, browser, BOTH[1]),
      await page(factory, browser, third)
    ];
    expect([one.spool.size, other.spool.size]).toEqual([1, 0]);
  });
});

describe('what is erased', () => {
  it('is gone from the database too, of every page', async () => {
    const [factory, browser] = [new IDBFactory(), new FakeLocks()];
    const first = await page(factory, browser, BOOT);
    first.spool.add(event(1, BOOT));
    await first.kept.flushed();
    const second = await page(factory, browser, EARLIER_BOOT);
    second.spool.add(event(1, EARLIER_BOOT));
    second.spool.erase(['observations']);
    await vi.waitFor(async () => {
      expect(await second.kept.stored()).toHaveLength(2);
    });
    second.spool.erase([]);
    await vi.waitFor(async () => {
      expect(await second.kept.stored()).toEqual([]);
    });
    expect(second.spool.size).toBe(0);
  });
});

describe('after the interview has ended', () => {
  const names = async (factory: IDBFactory): Promise<unknown[]> =>
    (await factory.databases()).map(each => each.name);

  it('nothing stays in the browser, once the room has everything', async () => {
    const factory = new IDBFactory();
    const { spool, kept } = await reloaded(factory);
    spool.add(event(1));
    spool.add(event(2));
    spool.finish();
    spool.acknowledge(BOOT, 1);
    await kept.flushed();
    expect(await names(factory)).toEqual(['room']);
    spool.acknowledge(BOOT, 2);
    await kept.flushed();
    expect(await names(factory)).toEqual([]);
    // What a page still says goes to the room, and is kept nowhere.
    spool.add(event(3));
    expect(numbers(spool)).toEqual([3]);
    spool.acknowledge(BOOT, 3);
    await kept.flushed();
    expect(await names(factory)).toEqual([]);
  });

  it('what was acknowledged before is forgotten at once', async () => {
    const factory = new IDBFactory();
    const { spool, kept } = await reloaded(factory);
    spool.finish();
    await kept.flushed();
    expect(await names(factory)).toEqual([]);
  });

  it('what another page has not sent yet stays, until it has', async () => {
    const [factory, browser] = [new IDBFactory(), new FakeLocks()];
    const first = await page(factory, browser, BOOT);
    first.spool.add(event(1, BOOT));
    await first.kept.flushed();
    const second = await page(factory, browser, EARLIER_BOOT);
    second.spool.finish();
    await second.kept.flushed();
    expect(await second.kept.stored()).toEqual([event(1, BOOT)]);
    first.spool.finish();
    first.spool.acknowledge(BOOT, 1);
    await first.kept.flushed();
    expect(await names(factory)).toEqual([]);
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
