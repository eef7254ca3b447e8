import { IDBFactory } from 'fake-indexeddb';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import * as Y from 'yjs';

import type { IKeptUpdate } from '../src/custody/outbox';
import { insertedText } from '../src/custody/refusal';
import { Custody, LONG_MS, SETTLE_MS } from '../src/custody/standing';
import type { IStore } from '../src/kept/kept';
import type { IPage } from './fakeroom';
import { crash, FakeRoom, loadPage } from './fakeroom';

const answerOf = (room: FakeRoom): string => room.doc.getText('answer').toJSON();

/** Let this much time pass, and everything that is due happen. */
const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

function type(page: IPage, text: string): void {
  for (const letter of text) {
    page.text.insert(page.text.length, letter);
  }
}

let room: FakeRoom;
let browser: IDBFactory;
const pages: IPage[] = [];

async function load(
  store: IDBFactory | IStore<IKeptUpdate> | null = browser,
  changes: { isReader?: boolean } = {}
): Promise<IPage> {
  const page = await loadPage(room, store, changes);
  pages.push(page);
  return page;
}

async function opened(...args: Parameters<typeof load>): Promise<IPage> {
  const page = await load(...args);
  await pass(10);
  await page.provider.ready;
  return page;
}

beforeEach(() => {
  // The database of the tests has its own pace.
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date']
  });
  room = new FakeRoom();
  browser = new IDBFactory();
});

afterEach(() => {
  for (const page of pages.splice(0)) {
    page.provider.dispose();
  }
  vi.useRealTimers();
});

describe('what is typed', () => {
  it('is saved when the room says so, and not before', async () => {
    const page = await opened();
    expect(page.provider.unsaved).toBe(0);
    room.isSlow = true;
    type(page, 'abc');
    expect(answerOf(room)).toBe('abc');
    expect(page.provider.unsaved).toBe(3);
    room.isSlow = false;
    type(page, 'd');
    expect(page.provider.unsaved).toBe(0);
    await page.kept.flushed();
    expect((await load()).kept.all).toEqual([]);
  });

  it('is sent in order after a loss, one message an update, and once', async () => {
    const page = await opened();
    room.isAway = true;
    room.drop();
    type(page, 'away');
    expect(page.provider.unsaved).toBe(4);
    room.isAway = false;
    const before = room.updates.length;
    await pass(1_000);
    expect(answerOf(room)).toBe('away');
    expect(room.updates.length - before).toBe(4);
    // The answer to the room's step 1 brings nothing that came before it.
    const answer = room.heard.at(-1) ?? new Uint8Array();
    expect(Y.decodeUpdate(answer).structs).toEqual([]);
    expect(page.provider.unsaved).toBe(0);
    expect(page.provider.isOnline).toBe(true);
  });

  it('survives a crash of the room before it was saved', async () => {
    const page = await opened();
    const onDisk = Y.encodeStateAsUpdate(room.doc);
    room.isSlow = true;
    type(page, 'abc');
    room.doc = new Y.Doc(); // killed before any of it reached its disk
    Y.applyUpdate(room.doc, onDisk);
    room.isSlow = false;
    room.drop();
    await pass(1_000);
    expect(answerOf(room)).toBe('abc');
    expect(page.text.toJSON()).toBe('abc');
  });

  it('survives a reload while the room is away', async () => {
    const page = await opened();
    type(page, 'x = 1');
    room.isAway = true;
    room.drop();
    type(page, ' # offline');
    await page.kept.flushed();
    crash(page);
    const again = await load();
    await pass(5_000);
    room.isAway = false;
    await pass(1_000);
    await again.provider.ready;
    expect(again.text.toJSON()).toBe('x = 1 # offline');
    expect(answerOf(room)).toBe('x = 1 # offline');
    expect(again.provider.unsaved).toBe(0);
  });

  it('is not doubled when the reload comes before the word that it is saved', async () => {
    const page = await opened();
    room.isSlow = true;
    type(page, 'once');
    await page.kept.flushed();
    crash(page);
    room.restart();
    room.isSlow = false;
    const again = await opened();
    expect(again.text.toJSON()).toBe('once');
    type(again, '!');
    expect(answerOf(room)).toBe('once!');
    await again.kept.flushed();
    expect((await load()).kept.all).toEqual([]);
  });

  it('of two tabs is there once, whichever sends it', async () => {
    const one = await opened();
    room.isAway = true;
    room.drop();
    type(one, 'tab one ');
    await one.kept.flushed();
    const two = await load(); // finds what the first one kept
    room.isAway = false;
    await pass(1_000);
    await two.provider.ready;
    type(two, 'tab two');
    await pass(100);
    expect(one.text.toJSON()).toBe('tab one tab two');
    expect(two.text.toJSON()).toBe('tab one tab two');
    expect(answerOf(room)).toBe('tab one tab two');
    expect([one.provider.unsaved, two.provider.unsaved]).toEqual([0, 0]);
  });

  it('stays while the page lives when the browser keeps nothing', async () => {
    const refusing: IStore<IKeptUpdate> = {
      load: () => Promise.reject(new Error('private window')),
      put: () => Promise.reject(new Error('private window')),
      remove: () => Promise.reject(new Error('private window')),
      discard: () => Promise.resolve()
    };
    const page = await opened(refusing);
    expect(page.provider.survives).toBe(false);
    room.isAway = true;
    room.drop();
    type(page, 'abc');
    room.isAway = false;
    await pass(1_000);
    expect(answerOf(room)).toBe('abc');
  });

  it('goes out in slices when it is much, and nothing overtakes', async () => {
    const page = await opened();
    room.isAway = true;
    room.drop();
    type(page, 'a'.repeat(2_000));
    room.isAway = false;
    await pass(1_000);
    type(page, 'z');
    await pass(200);
    expect(answerOf(room)).toBe(`${'a'.repeat(2_000)}z`);
    expect(page.provider.unsaved).toBe(0);
  });

  it('comes with what the room lost, as the answer to its step 1', async () => {
    const page = await opened();
    type(page, 'kept here only');
    room.doc = new Y.Doc(); // a room from an older backup
    const before = room.updates.length;
    room.drop();
    await pass(1_000);
    expect(answerOf(room)).toBe('kept here only');
    expect(room.updates.length).toBe(before);
  });

  it('by others arrives, and is not kept here', async () => {
    const one = await opened();
    const two = await opened(new IDBFactory());
    type(two, 'hello');
    await vi.waitFor(() => {
      expect(one.text.toJSON()).toBe('hello');
    });
    expect(one.kept.all).toEqual([]);
  });
});

describe('opening', () => {
  it('writes the document’s id once, not with each load', async () => {
    const page = await opened();
    expect(room.doc.getMap('state').get('document_id')).toBe('json:notebook:1');
    await page.kept.flushed();
    const before = room.updates.length;
    await opened();
    expect(room.updates.length).toBe(before);
  });

  it('of a reviewer writes nothing', async () => {
    const page = await opened(browser, { isReader: true });
    type(page, 'I only look');
    expect(room.heard).toEqual([]);
    expect(page.provider.unsaved).toBe(0);
  });

  it('asks a room that lets nobody in less and less often', async () => {
    room.isClosed = true;
    await load();
    await pass(60_000);
    expect(room.asked).toBeLessThan(15);
  });

  it('fails when there is no such notebook', async () => {
    room.closesWith = 4404;
    const page = await load();
    const failed = expect(page.provider.ready).rejects.toThrow('4404');
    await pass(5_000);
    await failed;
    expect(room.asked).toBe(1);
  });
});

describe('the line', () => {
  it('is back within a second of the network, after a minute away', async () => {
    const page = await opened();
    room.isAway = true;
    room.drop();
    await pass(60_000);
    room.isAway = false;
    await pass(900);
    expect(page.provider.isOnline).toBe(true);
  });

  it('is back within a second when nothing had answered at all', async () => {
    const page = await opened();
    room.isSilent = true;
    await pass(60_000);
    expect(page.provider.isOnline).toBe(false);
    expect(room.openQuestions).toBe(2);
    room.isSilent = false;
    await pass(900);
    expect(page.provider.isOnline).toBe(true);
  });

  it('is found dead by a probe, sooner when something waits to be saved', async () => {
    const page = await opened();
    await pass(20_000);
    expect(page.provider.isOnline).toBe(true); // quiet, but it echoes
    room.isSilent = true;
    await pass(16_000);
    expect(page.provider.isOnline).toBe(false);
    room.isSilent = false;
    await pass(1_000);
    room.isSilent = true;
    type(page, 'x');
    await pass(8_000);
    expect(page.provider.isOnline).toBe(false);
  });

  it('has patience with much that is on its way', async () => {
    const page = await opened();
    room.isSlow = true;
    room.isSilent = true; // an uplink that needs half a minute for it
    page.text.insert(0, 'x'.repeat(3_000_000));
    await pass(25_000);
    expect(page.provider.isOnline).toBe(true);
    await pass(20_000);
    expect(page.provider.isOnline).toBe(false);
  });

  it('is looked after at once when the page wakes up', async () => {
    const page = await opened();
    room.isSilent = true;
    vi.setSystemTime(Date.now() + 3_600_000);
    await pass(3_500);
    expect(page.provider.isOnline).toBe(false);
  });

  it('comes back at once when the browser says that the network is there', async () => {
    const page = await opened();
    room.isAway = true;
    room.drop();
    await pass(30_000);
    room.isAway = false;
    page.provider.check();
    await pass(0);
    expect(page.provider.isOnline).toBe(true);
  });

  it('can be asked to connect anew', async () => {
    const page = await opened();
    await page.provider.reconnect();
    expect(page.provider.isOnline).toBe(false);
    await pass(10);
    expect(page.provider.isOnline).toBe(true);
    expect(room.sockets.size).toBe(1);
  });
});

describe('a refused edit', () => {
  const isForbidden = (update: Uint8Array): boolean =>
    insertedText([update]).includes('#');

  it('stops the page and comes back as text, with what was typed after it', async () => {
    const page = await opened();
    type(page, 'good ');
    room.refuses = isForbidden;
    type(page, '#');
    type(page, 'lost');
    await pass(5_000);
    expect(page.provider.refusal).toEqual({ detail: 'not yours', text: '#' });
    expect(answerOf(room)).toBe('good ');
    expect(room.sockets.size).toBe(0);
  });

  it('takes along what depends on it, and only that, and never comes again', async () => {
    const earlier = await opened();
    room.isAway = true;
    room.drop();
    type(earlier, 'first ');
    await earlier.kept.flushed();
    crash(earlier);
    const page = await load();
    room.isAway = false;
    await pass(1_000);
    await page.provider.ready;
    const other = await opened(); // another tab, under another client id
    room.isAway = true;
    room.drop();
    page.text.insert(page.text.length, '#no');
    type(page, ' more');
    other.doc.getText('notes').insert(0, 'other');
    await page.kept.flushed();
    await other.kept.flushed();
    crash(other);
    room.refuses = isForbidden;
    room.isAway = false;
    await pass(1_000);
    expect(page.provider.refusal?.text).toBe('#no more');
    await page.kept.flushed();
    crash(page);
    const again = await opened();
    expect(again.provider.refusal).toBeNull();
    expect(again.text.toJSON()).toBe('first ');
    expect(again.doc.getText('notes').toJSON()).toBe('other');
    expect(room.doc.getText('notes').toJSON()).toBe('other');
    expect(again.provider.unsaved).toBe(0);
    await again.kept.flushed();
    expect((await load()).kept.all).toEqual([]);
  });

  it('that the room only hangs up on is found by its size', async () => {
    const page = await opened();
    room.isSlow = true;
    type(page, 'abc');
    page.text.insert(3, 'x'.repeat(1000));
    room.drop(1009);
    expect(page.provider.refusal?.text).toBe('x'.repeat(1000));
    expect(page.kept.all).toHaveLength(3);
  });

  it('that the room cannot take is not sent again when only the connection broke', async () => {
    const page = await opened();
    room.isSlow = true;
    page.text.insert(0, 'x'.repeat(8 * 1024 * 1024));
    room.drop(1006);
    expect(page.provider.refusal?.text).toHaveLength(8 * 1024 * 1024);
    expect(page.kept.all).toEqual([]);
  });

  it('that is small is sent again when the connection broke', async () => {
    const page = await opened();
    room.isSlow = true;
    type(page, 'abc');
    room.drop(1006);
    expect(page.provider.refusal).toBeNull();
    expect(page.kept.all).toHaveLength(3);
  });
});

describe('the text of refused updates', () => {
  function typed(...steps: ((text: Y.Text) => void)[]): Uint8Array[] {
    const doc = new Y.Doc();
    const updates: Uint8Array[] = [];
    doc.on('update', (update: Uint8Array) => updates.push(update));
    for (const step of steps) {
      step(doc.getText('t'));
    }
    return updates;
  }

  it('reads as it was written, insertions in the middle too', () => {
    const updates = typed(
      text => {
        text.insert(0, 'ad');
      },
      text => {
        text.insert(1, 'b');
      },
      text => {
        text.insert(2, 'c');
      },
      text => {
        text.insert(4, 'ef');
      }
    );
    expect(insertedText(updates)).toBe('abcdef');
  });

  it('leaves out what was deleted again', () => {
    const updates = typed(
      text => {
        text.insert(0, 'abcdef');
      },
      text => {
        text.delete(2, 2);
      },
      text => {
        text.insert(2, 'X');
      }
    );
    expect(insertedText(updates)).toBe('abXef');
  });

  it('puts what is apart on lines of its own', () => {
    const updates = typed(
      text => {
        text.insert(0, 'middle');
      },
      text => {
        text.insert(0, 'before');
      }
    );
    expect(insertedText(updates).split('\n').sort()).toEqual(['before', 'middle']);
  });
});

describe('saving the file', () => {
  it('waits for the room, and never fails for want of a connection', async () => {
    const page = await opened();
    room.isAway = true;
    room.drop();
    const done = vi.fn();
    void page.provider.save().then(done);
    await pass(1_000);
    expect(done).not.toHaveBeenCalled();
    page.provider.dispose();
    await pass(0);
    expect(done).toHaveBeenCalled();
  });

  it('has no forks', async () => {
    const page = await opened();
    await expect(page.provider.connectToForkDoc()).rejects.toThrow('no forks');
  });
});

describe('the standing', () => {
  it('never says saved too early, does not flicker, and counts what lasts', async () => {
    const page = await opened();
    const custody = new Custody({ text: '', forget: () => undefined });
    custody.follow(page.provider);
    expect(custody.standing).toMatchObject({ line: 'online', saving: 'none' });
    const seen: string[] = [];
    custody.changed.connect(() => {
      seen.push(custody.standing.saving);
    });
    for (let n = 0; n < 5; n++) {
      type(page, 'x');
      expect(custody.standing.saving).toBe('some');
      await pass(SETTLE_MS / 2);
    }
    await pass(SETTLE_MS);
    expect(seen).toEqual(['some', 'none']);
    room.isSlow = true;
    type(page, 'slow');
    await pass(LONG_MS);
    expect(custody.standing).toMatchObject({ saving: 'long', unsaved: 4 });
    room.isSlow = false;
    type(page, '!');
    expect(custody.standing).toMatchObject({ saving: 'none', unsaved: 0 });
    room.isAway = true;
    room.drop();
    expect(custody.standing.line).toBe('offline');
  });
});
