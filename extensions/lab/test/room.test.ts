import { Signal } from '@lumino/signaling';
import { afterEach, describe, expect, it, vi } from 'vitest';

import type { IStanding } from '../src/custody/standing';
import { isOwnText } from '../src/focus/notebooktext';
import { isMisplaced } from '../src/room/commands';
import { followConnection, LONG_LOSS_MS, refusedNotice } from '../src/room/connection';
import { kernelNotice } from '../src/room/kernel';
import { RoomModel } from '../src/room/model';
import { Notices } from '../src/room/notices';
import { inkOn } from '../src/room/people';
import { savedState, savedWords, toldWords } from '../src/room/saved';
import { keepSettingsHere, keptSettings } from '../src/room/settings';
import { afterWords } from '../src/watch/words';
import { showWarnings } from '../src/watch/warnings';
import type { ICustody } from '../src/tokens';
import type { Person } from '../src/wire';
import { ADA, connected, trans, welcome } from './helpers';

function person(hub_name: string, display_name: string, present: boolean): Person {
  return {
    hub_name,
    display_name,
    initials: 'X',
    color: '#0b7285',
    role: 'interviewer',
    present
  };
}

const STANDING: IStanding = {
  line: 'online',
  saving: 'none',
  unsaved: 0,
  survives: true,
  refusal: null
};

/** Custody as the room's bar sees it. */
class FakeCustody implements ICustody {
  standing = STANDING;
  readonly changed: Signal<ICustody, void> = new Signal<ICustody, void>(this);
  readonly handedBack = { text: '', forget: () => undefined };
  readonly follow = (): void => undefined;
  unsavedText = (): string => '';
  readonly flushed = (): Promise<void> => Promise.resolve();

  become(changes: Partial<IStanding>): void {
    this.standing = { ...this.standing, ...changes };
    this.changed.emit();
  }
}

describe('the saved indicator', () => {
  const refusal = { detail: '', text: '' };

  it.each([
    [{}, 'open', 'saved', 'Saved'],
    [{ saving: 'some' }, 'open', 'saving', 'Saving…'],
    [{ saving: 'some', unsaved: 1 }, 'open', 'saving', 'Saving…'],
    [{ saving: 'long', unsaved: 1200 }, 'open', 'saving', 'Saving 1,200 edits…'],
    [{ line: 'connecting' }, 'open', 'connecting', 'Connecting…'],
    [{ line: 'offline' }, 'open', 'offline', 'Offline. Your work is saved'],
    [
      { line: 'offline', unsaved: 1 },
      'open',
      'offline',
      'Offline. 1 edit kept in this browser'
    ],
    [
      { line: 'offline', unsaved: 2, survives: false },
      'open',
      'offline',
      'Offline. 2 edits on this page only: keep it open'
    ],
    [{ refusal }, 'open', 'refused', 'Not saved'],
    [{ saving: 'some', unsaved: 1 }, 'ended', 'saving', 'Saving…'],
    [{}, 'ended', 'kept', 'Work kept'],
    [{ line: 'offline' }, 'ended', 'kept', 'Work kept'],
    [{ line: 'offline', unsaved: 2 }, 'ended', 'late', '2 edits came after the end']
  ] as const)('%j and %s: %s', (changes, state, said, words) => {
    const standing = { ...STANDING, ...changes };
    expect(savedState(standing, state)).toBe(said);
    expect(savedWords(said, standing, trans)).toBe(words);
  });

  it('is read out when it settles, not at each keystroke', () => {
    const custody = new FakeCustody();
    const model = new RoomModel(connected().client, custody);
    const told = (changes: Partial<IStanding>): string => {
      custody.become(changes);
      return toldWords(model.told, custody.standing.survives, trans);
    };
    expect(told({ saving: 'some', unsaved: 1 })).toBe('');
    expect(told({ saving: 'none', unsaved: 0 })).toBe('');
    const away = told({ line: 'offline' });
    expect(away).toContain('Not connected');
    expect(told({ unsaved: 1 })).toBe(away);
    expect(told({ line: 'online', saving: 'some' })).toBe(away);
    const back = told({ saving: 'none', unsaved: 0 });
    expect(back).toContain('Everything is saved');
    expect(told({ saving: 'some', unsaved: 1 })).toBe(back);
  });
});

describe('a long loss', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('is explained, by what this browser keeps', () => {
    vi.useFakeTimers();
    const custody = new FakeCustody();
    const notices = new Notices();
    const { client } = connected();
    followConnection(client, custody, notices, trans);
    custody.become({ line: 'offline' });
    vi.advanceTimersByTime(LONG_LOSS_MS - 1);
    expect(notices.all).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(notices.all[0]?.text).toContain('kept in this browser');
    custody.become({ survives: false });
    expect(notices.all[0]?.text).toContain('Please keep this page open');
    custody.become({ line: 'online' });
    expect(notices.all).toEqual([]);
    client.dispose();
  });
});

describe('a refused edit', () => {
  it('comes back as text', () => {
    const notice = refusedNotice('not yours', 'x = 1', () => undefined, trans);
    expect(notice.excerpt).toBe('x = 1');
    expect(notice.text).toContain('(not yours)');
    expect(notice.text).toContain('paste it there');
  });

  it('without text only asks to go on', () => {
    const notice = refusedNotice('', '', () => undefined, trans);
    expect(notice.excerpt).toBeUndefined();
    expect(notice.text).not.toContain('Copy');
  });
});

describe('the title bar', () => {
  it('knows the room even when it comes after the welcome', () => {
    const { client } = connected({ title: 'Churn' });
    expect(new RoomModel(client, new FakeCustody()).title).toBe('Churn');
  });

  it('shows who is here, this person first', () => {
    const { client, socket } = connected();
    const model = new RoomModel(client, new FakeCustody());
    socket().say({
      type: 'people',
      people: [
        person('p-cccccccccc', 'Alan', true),
        person('p-bbbbbbbbbb', 'Grace', false),
        person(ADA, 'Zoe', true)
      ]
    });
    expect(model.presentPeople.map(each => each.display_name)).toEqual(['Zoe', 'Alan']);
  });

  it.each([
    ['#ffffff', 'black'],
    ['#e67700', 'black'],
    ['#0b7285', 'white'],
    ['#000000', 'white']
  ])('writes on %s in %s', (color, ink) => {
    expect(inkOn(color)).toBe(ink);
  });
});

describe('warnings', () => {
  const at = '2026-11-22T13:00:00Z';
  const tell = {
    episode_id: 'e-1',
    rule: 'no_face',
    text: 'Are you there?',
    at
  } as const;

  it('are shown while they hold', () => {
    const { client, socket } = connected();
    const notices = new Notices();
    showWarnings(client, notices, () => undefined, trans);
    socket().say({ type: 'warning', warning: tell });
    expect(notices.all).toMatchObject([{ text: 'Are you there?', kind: 'hint' }]);
    socket().say({ type: 'warning_cleared', episode_id: 'e-1' });
    expect(notices.all).toEqual([]);
  });

  it('do not outlive a lost line', () => {
    const { client, socket } = connected();
    const notices = new Notices();
    showWarnings(client, notices, () => undefined, trans);
    socket().say({ type: 'warning', warning: tell });
    socket().say(welcome());
    expect(notices.all).toEqual([]);
  });
});

describe('notices', () => {
  it('replace one of the same id, where it was', () => {
    const notices = new Notices();
    const notice = { kind: 'hint', title: 'T' } as const;
    notices.show({ ...notice, id: 'a', text: 'one' });
    notices.show({ ...notice, id: 'b', text: 'two' });
    notices.show({ ...notice, id: 'a', text: 'three' });
    expect(notices.all.map(each => each.text)).toEqual(['three', 'two']);
  });

  it('are quiet when there is nothing to clear', () => {
    const notices = new Notices();
    let changes = 0;
    notices.changed.connect(() => {
      changes += 1;
    });
    notices.clear('nothing');
    expect(changes).toBe(0);
  });
});

describe('the kernel', () => {
  const restart = (): void => undefined;

  it('that died can be started again', () => {
    const notice = kernelNotice(
      { type: 'kernel', state: 'died', detail: '' },
      restart,
      trans
    );
    expect(notice?.action?.run).toBe(restart);
    expect(notice?.text).toContain('Your notebook is safe');
  });

  it('that was refused says why', () => {
    const detail = 'bubblewrap is missing';
    const notice = kernelNotice(
      { type: 'kernel', state: 'refused', detail },
      restart,
      trans
    );
    expect(notice?.text).toContain(detail);
    expect(notice?.action).toBeUndefined();
  });

  it.each(['starting', 'idle', 'busy', 'restarting'] as const)('%s: no word', state => {
    expect(
      kernelNotice({ type: 'kernel', state, detail: '' }, restart, trans)
    ).toBeNull();
  });
});

describe('commands in a room', () => {
  it.each([
    'notebook:trust',
    'docmanager:download',
    'notebook:export-to-format',
    'notebook:change-kernel',
    'terminal:create-new',
    'filebrowser:open-path',
    'settingeditor:open',
    'kernelmenu:shutdown',
    'docmanager:delete',
    'property-inspector:show-panel',
    'apputils:reset',
    'application:toggle-left-area'
  ])('%s is hidden', command => {
    expect(isMisplaced(command)).toBe(true);
  });

  it.each([
    'docmanager:open',
    'docmanager:save',
    'notebook:run-cell',
    'notebook:insert-cell-below',
    'notebook:interrupt-kernel',
    'notebook:restart-kernel',
    'notebook:undo-cell-action',
    'editmenu:undo',
    'kernelmenu:interrupt',
    'kernelmenu:restart',
    'runmenu:run',
    'completer:invoke-notebook',
    'apputils:change-theme',
    'apputils:activate-command-palette',
    'application:toggle-fullscreen-mode',
    'codemirror:find',
    'documentsearch:start'
  ])('%s stays', command => {
    expect(isMisplaced(command)).toBe(false);
  });
});

describe('text of the notebook', () => {
  const notebook = {
    cells: [
      { source: 'import pandas as pd\ncustomers.describe()', outputs: [] },
      {
        source: '1/0',
        outputs: [
          {
            output_type: 'error',
            traceback: ['\u001b[31mZeroDivisionError\u001b[0m: division by zero']
          },
          {
            output_type: 'display_data',
            data: {
              'text/html': '<td>mean</td><td>28.3</td>',
              'image/png': 'aWdub3JlZA'
            }
          },
          { output_type: 'stream', name: 'stdout', text: 'hello\nworld\n' }
        ]
      }
    ]
  };

  it.each([
    'customers.describe()',
    'import pandas as pd\r\ncustomers.describe()',
    'ZeroDivisionError: division by zero',
    'mean\t28.3',
    'hello world',
    '',
    '  \n'
  ])('%j is its own', text => {
    expect(isOwnText(text, notebook)).toBe(true);
  });

  it.each(['from sklearn import svm', 'aWdub3JlZA', 'customers.describe(); 1/0'])(
    '%j is not',
    text => {
      expect(isOwnText(text, notebook)).toBe(false);
    }
  );
});

describe('settings', () => {
  function storage(): Storage {
    const kept: Record<string, string> = {};
    return Object.defineProperties(kept, {
      getItem: { value: (key: string) => kept[key] ?? null },
      setItem: {
        value: (key: string, value: string) => {
          kept[key] = value;
        }
      }
    }) as unknown as Storage;
  }

  it('stay in this browser and are found again', async () => {
    const asked: string[] = [];
    const plugin = { id: 'themes', raw: '{}' };
    const manager = {
      fetch: (id: string) => {
        asked.push(id);
        return Promise.resolve(plugin);
      },
      save: () => Promise.reject(new Error('the room takes no settings'))
    } as unknown as Parameters<typeof keepSettingsHere>[0];
    const kept = storage();
    keepSettingsHere(manager, kept, 'room:');
    await manager.save('themes', '{"theme": "JupyterLab Dark"}');
    expect((await manager.fetch('themes')).raw).toBe('{"theme": "JupyterLab Dark"}');
    expect((await manager.fetch('others')).raw).toBe('{}');
    expect(keptSettings(kept, 'room:')).toEqual(['themes']);
    expect(keptSettings(kept, 'another:')).toEqual([]);
  });
});

describe('when something counts', () => {
  it.each([
    [0, 'at once'],
    [1.5, 'after 1.5 s'],
    [90, 'after 1.5 min']
  ])('%f s', (after_s, words) => {
    expect(afterWords(after_s, trans)).toBe(words);
  });
});
