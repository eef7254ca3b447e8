// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mount as mountInPage } from '../src/index.js';
import type { Film, FilmFrame, Mark, Step } from '../src/generated/film.js';
import type { Options, Player } from '../src/interface.js';
import { MountedPlayer } from '../src/mount.js';
import type { Beat } from '../src/playhead.js';
import { pictureSize } from '../src/view/outputs.js';
import { anyFilm, bigFilm } from './films.mjs';
import { play } from './naive.js';

const HOSTILE =
  '<img src=x onerror="globalThis.attacked = true"><script>attacked = true</script>';

let place: HTMLElement;
let player: Player;
/** A clock that goes on when the test says so. */
const beat = {
  now_ms: 0,
  next: null as (() => void) | null,
  tick(by_ms: number): void {
    this.now_ms += by_ms;
    const { next } = this;
    this.next = null;
    next?.();
  }
};
const BEAT: Beat = {
  now: () => beat.now_ms,
  request: callback => {
    beat.next = callback;
    return 1;
  },
  cancel: () => {
    beat.next = null;
  }
};

beforeEach(() => {
  // jsdom has no layout to scroll.
  Element.prototype.scrollTo = () => undefined;
  place = document.createElement('div');
  document.body.replaceChildren(place);
  Object.assign(beat, { now_ms: 0, next: null });
});
afterEach(() => {
  player.dispose();
  window.location.hash = '';
});

async function mount(film: Film, options: Options = {}): Promise<void> {
  player = new MountedPlayer(place, film, options, BEAT);
  await player.ready;
}

const all = (selector: string): HTMLElement[] => [
  ...place.querySelectorAll<HTMLElement>(selector)
];
const one = (selector: string): HTMLElement => {
  const element = place.querySelector<HTMLElement>(selector);
  if (element === null) {
    throw new Error(`There is no ${selector}`);
  }
  return element;
};
const press = (key: string, on: Element = one('.nbr-notebook'), more = {}): void => {
  on.dispatchEvent(
    new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more })
  );
};
const sources = (): string[] =>
  all('.nbr-source').map(source =>
    [...source.querySelectorAll('.nbr-text')]
      .map(text => text.textContent.slice(0, -1))
      .join('\n')
  );

describe('the notebook', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'shows what it was, wherever one goes (%i)',
    async seed => {
      const film = anyFilm(seed, 250);
      await mount(film);
      for (const share of [0.9, 0.2, 0.21, 0.5, 1, 0, 0.7, 0.71]) {
        const at_ms = film.duration_ms * share;
        player.seek(at_ms);
        const cells = play(film, at_ms);
        expect(sources()).toEqual(cells.map(cell => cell.source));
        expect(all('.nbr-outputs').map(each => each.children.length)).toEqual(
          cells.map(cell => cell.outputs.length)
        );
      }
    }
  );

  it('touches only the cell that changed', async () => {
    await mount(filmOf([cellStep(1, 'a'), cellStep(2, 'b')], [editStep(2, 1, 'c')]));
    player.seek(0);
    const changed = new Set<Node>();
    const observer = new MutationObserver(records => {
      records.forEach(record => changed.add(record.target));
    });
    const [first, second] = all('.nbr-cell') as [HTMLElement, HTMLElement];
    observer.observe(one('.nbr-cells'), {
      subtree: true,
      childList: true,
      characterData: true
    });
    player.seek(1000);
    await Promise.resolve();
    expect(all('.nbr-cell')).toEqual([first, second]);
    expect([...changed].some(node => second.contains(node))).toBe(true);
    expect([...changed].some(node => first.contains(node))).toBe(false);
  });

  it('never makes elements of what somebody wrote', async () => {
    const outputs = (['text', 'stderr', 'error'] as const).map(kind => ({
      kind,
      text: HOSTILE,
      note: HOSTILE
    }));
    const picture = { kind: 'image', image: 'evil', note: '' } as const;
    const unknown = { kind: 'image', image: 'constructor', note: '' } as const;
    const film = filmOf(
      [
        cellStep(1, HOSTILE),
        { ...cellStep(2, HOSTILE, 'markdown') },
        cellStep(3, HOSTILE, 'raw')
      ],
      [{ do: 'outputs', cell: 1, keep: 0, outputs: [...outputs, picture, unknown] }],
      [{ do: 'kernel', state: 'died', detail: HOSTILE }]
    );
    film.title = HOSTILE;
    film.images['evil'] = `data:image/svg+xml,${HOSTILE}`;
    film.people['p-ada'] = {
      display_name: HOSTILE,
      initials: HOSTILE,
      color: 'red;background:url(x)',
      role: 'candidate'
    };
    film.marks = [mark({ title: HOSTILE, detail: HOSTILE, kind: 'flag' })];
    await mount(film);
    player.seek(film.duration_ms);
    expect(all('img, script, [onerror], [style*=url]')).toEqual([]);
    expect(sources()).toEqual([HOSTILE, HOSTILE, HOSTILE]);
    expect(place.textContent).toContain('A picture that cannot be shown');
    expect(globalThis).not.toHaveProperty('attacked');
  });

  it('says when a cell runs, how it ended and how long it took', async () => {
    const film = filmOf(
      [cellStep(1, 'f()')],
      [{ do: 'run', cell: 1, execution_id: 'x' }],
      [],
      [
        { do: 'count', cell: 1, count: 5 },
        { do: 'ran', cell: 1, execution_id: 'x', status: 'error', duration_ms: 2000 }
      ]
    );
    await mount(film);
    player.seek(1500);
    expect(one('.nbr-prompt').textContent).toBe('[*]');
    expect(one('.nbr-took').textContent).toBe('0.5 s');
    expect(one('.nbr-cell').getAttribute('aria-label')).toBe('Cell 1, code, running');
    expect(one('.nbr-kernel').textContent).toBe('Python runs a cell');
    player.seek(2500);
    expect(one('.nbr-took').textContent).toBe('1.5 s');
    player.seek(3000);
    expect(one('.nbr-prompt').textContent).toBe('[5]');
    expect(one('.nbr-took').textContent).toBe('error, 2.0 s');
    expect(one('.nbr-cell').dataset['state']).toBe('error');
  });

  it('folds long outputs, and unfolds them', async () => {
    const text = Array.from({ length: 500 }, (_, i) => String(i)).join('\n');
    const outputs = [{ kind: 'text', text, note: '' }] as const;
    await mount(
      filmOf(
        [cellStep(1, 'a')],
        [{ do: 'outputs', cell: 1, keep: 0, outputs: [...outputs] }]
      )
    );
    player.seek(1000);
    const shown = one('.nbr-output-text');
    expect(shown.textContent.split('\n')).toHaveLength(24);
    one('.nbr-fold').click();
    expect(shown.textContent).toBe(text);
    expect(one('.nbr-fold').getAttribute('aria-expanded')).toBe('true');
    one('.nbr-fold').click();
    expect(shown.textContent.split('\n')).toHaveLength(24);
  });

  it('keeps the place of a picture before it is decoded', async () => {
    const film = bigFilm({ cells: 4, edits: 40, plots: 1, minutes: 1 });
    const [url] = Object.values(film.images);
    expect(pictureSize(url ?? '')).toEqual({ width_px: 640, height_px: 400 });
    expect(pictureSize('data:image/png;base64,AAAA')).toBeNull();
    await mount(film);
    player.seek(film.duration_ms);
    const image = one('img') as HTMLImageElement;
    expect([image.width, image.height]).toEqual([640, 400]);
    expect(image.alt).toBe('Picture, output 2');
    expect(image.src).toBe(url);
  });

  it('has a caret for each author, which fades', async () => {
    const film = filmOf([cellStep(1, 'ab')], [editStep(1, 1, 'x')]);
    await mount({ ...film, duration_ms: 30_000 });
    const strength = (at_ms: number): (string | undefined)[] => {
      player.seek(at_ms);
      return all('.nbr-caret').map(each => each.dataset['strength']);
    };
    expect([999, 1000, 7000, 20_999, 21_000].map(strength)).toEqual([
      [],
      ['4'],
      ['3'],
      ['1'],
      []
    ]);
    player.seek(1000);
    expect(one('.nbr-caret').dataset['name']).toBe('AE');
    expect(one('.nbr-caret').previousSibling?.textContent).toBe('ax');
  });

  it('tells in words where lines come from, and marks them beside', async () => {
    const step = cellStep(1, 'a\nb\nc');
    const [cell] = step.cells;
    cell.spans = [
      { length: 2, origin: 'typed', seq: 1 },
      { length: 3, origin: 'pasted', seq: 412 }
    ];
    await mount(filmOf([step]));
    player.seek(0);
    const words = 'Lines 2–3 pasted from outside, record 412';
    expect(
      one('.nbr-inside [aria-label="Where the text comes from"]').textContent
    ).toBe(words);
    const strips = all('.nbr-line .nbr-origin');
    expect(strips.map(strip => strip.textContent)).toEqual(['', 'P', '']);
    expect(strips.map(strip => strip.title)).toEqual(['', words, '']);
    expect(strips.map(strip => strip.dataset['origin'])).toEqual([
      'typed',
      'pasted',
      'pasted'
    ]);
  });
});

describe('playing', () => {
  it('goes on with the clock, hurries through idle time and stops at the end', async () => {
    const film = filmOf([cellStep(1, '')], [editStep(1, 0, 'a')]);
    film.frames.push({
      ...(film.frames[1] as FilmFrame),
      at_ms: 61_000,
      steps: [editStep(1, 1, 'b')]
    });
    film.duration_ms = 62_000;
    await mount(film);
    const heard: number[] = [];
    player.onSeek(at_ms => heard.push(at_ms));
    player.play();
    expect(one('.nbr-play').getAttribute('aria-label')).toBe('Pause');
    for (let i = 0; i < 5; i += 1) beat.tick(200);
    expect(player.at_ms).toBeCloseTo(1000);
    expect(sources()).toEqual(['a']);
    for (let i = 0; i < 5; i += 1) beat.tick(200);
    expect(player.at_ms).toBeCloseTo(61_000);
    expect(heard).toEqual([]);
    for (let i = 0; i < 6; i += 1) beat.tick(200);
    expect(player.playing).toBe(false);
    expect(player.at_ms).toBe(62_000);
    expect(heard).toEqual([62_000]);
    expect(sources()).toEqual(['ab']);
  });

  it('is faster when asked, and begins anew after the end', async () => {
    await mount(filmOf([cellStep(1, 'a')], [], [], [editStep(1, 0, 'b')]), {
      speed: 16,
      skip_idle: false
    });
    player.play();
    beat.tick(100);
    expect(player.at_ms).toBeCloseTo(1600);
    beat.tick(250);
    expect(player.playing).toBe(false);
    player.play();
    expect(player.at_ms).toBe(0);
  });

  it('begins where the address says, and goes where it changes to', async () => {
    window.location.hash = '#t=2';
    await mount(filmOf([cellStep(1, 'a')], [], [], [], []), {
      address: true,
      at_ms: 1000
    });
    expect(player.at_ms).toBe(2000);
    window.location.hash = '#t=0:01';
    window.dispatchEvent(new HashChangeEvent('hashchange'));
    expect(player.at_ms).toBe(1000);
  });

  it('keeps what was asked for before it was ready', async () => {
    const film = filmOf([cellStep(1, 'a')], [editStep(1, 1, 'b')]);
    player = mountInPage(place, film, { theme: 'dark' });
    player.seek(1000);
    await player.ready;
    expect(sources()).toEqual(['ab']);
    expect(player.seq).toBe(2);
    expect(one('.nbr-player').dataset['theme']).toBe('dark');
  });

  it('leaves nothing behind', async () => {
    await mount(filmOf([cellStep(1, 'a')]));
    player.play();
    player.dispose();
    expect(place.childElementCount).toBe(0);
    expect(beat.next).toBeNull();
  });
});

describe('keys', () => {
  beforeEach(async () => {
    const steps = Array.from({ length: 100 }, (_, i) => [
      editStep(1, 0, String(i % 10))
    ]);
    const film = filmOf([cellStep(1, '')], ...steps);
    film.marks = [
      mark({ at_ms: 10_000, kind: 'run', title: 'Run' }),
      mark({ at_ms: 20_000, kind: 'flag', title: 'Looked away' }),
      mark({ at_ms: 40_000, kind: 'flag', title: 'Left the page' })
    ];
    await mount(film);
    player.seek(50_000);
  });

  it.each([
    ['ArrowLeft', {}, 45_000],
    ['ArrowRight', {}, 55_000],
    ['ArrowLeft', { shiftKey: true }, 20_000],
    ['ArrowRight', { shiftKey: true }, 80_000],
    [',', {}, 49_000],
    ['.', {}, 51_000],
    ['Home', {}, 0],
    ['End', {}, 100_000],
    ['p', {}, 40_000],
    ['n', {}, 50_000],
    ['ArrowLeft', { ctrlKey: true }, 50_000]
  ])('%s %o goes to %i', (key, more, at_ms) => {
    press(key, one('.nbr-slider'), more);
    expect(player.at_ms).toBe(at_ms);
  });

  it('the space bar plays and pauses, but presses the button it is on', () => {
    press(' ');
    expect(player.playing).toBe(true);
    press(' ');
    expect(player.playing).toBe(false);
    press(' ', one('.nbr-switch'));
    expect(player.playing).toBe(false);
  });

  it('F leaves the flags only, in the list and for N and P', () => {
    press('f');
    const shown = all('.nbr-list li').filter(row => !row.hidden);
    expect(shown.map(row => row.querySelector('.nbr-row-title')?.textContent)).toEqual([
      'Flag: Looked away',
      'Flag: Left the page'
    ]);
    press('Home');
    press('n');
    expect(player.at_ms).toBe(20_000);
    expect(one('[role=status]').textContent).toBe('Flag: Looked away, 00:00:20');
    press('p');
    expect(one('[role=status]').textContent).toBe('No earlier mark');
    press('f');
    press('p');
    expect(player.at_ms).toBe(10_000);
  });

  it('a click on a mark goes there, in the list and on the bar', () => {
    all('.nbr-row')[1]?.click();
    expect(player.at_ms).toBe(20_000);
    expect(all('[aria-current=true]').map(each => each.textContent)).toEqual([
      expect.stringContaining('Looked away')
    ]);
    expect(one('.nbr-caption').textContent).toBe('Looked away');
    one('.nbr-mark[aria-label^="Flag: Left"]').click();
    expect(player.at_ms).toBe(40_000);
    expect(one('.nbr-slider').getAttribute('aria-valuetext')).toMatch(
      /^00:00:40 of 00:01:40, /
    );
  });

  it('shows what did not count and what was said in a lane of its own, to be chosen', async () => {
    const film = filmOf([cellStep(1, 'a')], ...Array.from({ length: 60 }, () => []));
    film.marks = [
      mark({ at_ms: 10_000, kind: 'warning', title: 'The candidate was told' }),
      mark({ at_ms: 10_000, end_ms: 30_000, kind: 'episode', title: 'Looked away' }),
      mark({ at_ms: 40_000, kind: 'nudge', title: 'A private hint' }),
      mark({ at_ms: 50_000, kind: 'comment', title: 'Comment on “Looked away”' })
    ];
    player.dispose();
    await mount(film);
    const [loud, quiet] = all('.nbr-lane');
    expect(loud?.querySelectorAll('.nbr-mark')).toHaveLength(1);
    const names = [...(quiet?.querySelectorAll<HTMLElement>('.nbr-mark') ?? [])];
    expect(names.map(each => each.getAttribute('aria-label'))).toEqual([
      'Recorded only: Looked away, 00:00:10',
      'Hint: A private hint, 00:00:40',
      'Comment: Comment on “Looked away”, 00:00:50'
    ]);
    // The key stops at flags and warnings on the bar; the list has everything.
    expect(names.map(each => each.tabIndex)).toEqual([-1, -1, -1]);
    expect(quiet?.querySelectorAll('.nbr-length')).toHaveLength(1);
    const kinds = all('.nbr-filter option').map(each => each.textContent);
    expect(kinds).toEqual(
      expect.arrayContaining([
        'Comments (1)',
        'Private hints (1)',
        'Recorded episodes (1)'
      ])
    );
    const select = one('.nbr-filter select') as HTMLSelectElement;
    select.value = 'comment';
    select.dispatchEvent(new Event('change'));
    const shown = all('.nbr-list li').filter(row => !row.hidden);
    expect(shown.map(row => row.querySelector('.nbr-row-title')?.textContent)).toEqual([
      'Comment: Comment on “Looked away”'
    ]);
  });

  it('scrolling by hand ends following', () => {
    const follow = all('.nbr-switch').find(each => each.textContent === 'Follow');
    expect(follow?.getAttribute('aria-pressed')).toBe('true');
    one('.nbr-notebook').dispatchEvent(new Event('wheel'));
    expect(follow?.getAttribute('aria-pressed')).toBe('false');
  });
});

it('actions of the page get the moment and its record', async () => {
  const heard: unknown[] = [];
  const run = (at_ms: number, seq: number): number => heard.push([at_ms, seq]);
  await mount(filmOf([cellStep(1, 'a')], [editStep(1, 0, 'b')], []), {
    actions: [{ label: 'Open a branch here', run }]
  });
  player.seek(1200);
  all('.nbr-head button')[0]?.click();
  expect(heard).toEqual([[1200, 2]]);
});

function mark(some: Partial<Mark>): Mark {
  const usual = {
    at_ms: 0,
    end_ms: null,
    seq: 1,
    kind: 'run',
    title: '',
    detail: ''
  } as const;
  return { ...usual, author: 'p-ada', ...some };
}

/** A frame each second. */
function filmOf(...steps: Step[][]): Film {
  const frames = steps.map((each, i) => ({
    at_ms: i * 1000,
    seq: i + 1,
    author: 'p-ada',
    steps: each
  }));
  return {
    ...anyFilm(1, 0),
    frames,
    duration_ms: (steps.length - 1) * 1000 || 1000,
    images: {}
  };
}

function cellStep(
  cell: number,
  source: string,
  type: 'code' | 'markdown' | 'raw' = 'code'
) {
  const spans = source
    ? [{ length: source.length, origin: 'typed' as 'typed' | 'pasted', seq: 1 }]
    : [];
  const made = {
    cell,
    id: `c${cell}`,
    type,
    source,
    spans,
    outputs: [],
    count: null,
    locked: false
  };
  return { do: 'insert' as const, index: cell - 1, cells: [made] as [typeof made] };
}

function editStep(cell: number, index: number, inserted: string): Step {
  const spans = [{ length: inserted.length, origin: 'typed' as const, seq: 1 }];
  return { do: 'edit', cell, index, removed: 0, inserted, spans };
}
