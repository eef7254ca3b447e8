import { describe, expect, it } from 'vitest';
import { idleStretches, playedOn } from '../src/film/idle.js';
import {
  clusters,
  currentMark,
  density,
  inOrder,
  neighbour
} from '../src/film/marks.js';
import type { Moment } from '../src/film/moment.js';
import { inWords, lineOrigins, originRuns } from '../src/film/provenance.js';
import { stretchesOf } from '../src/film/stretches.js';
import { clock, duration, momentInAddress } from '../src/film/time.js';
import { compile, compileInSlices, type Timeline } from '../src/film/timeline.js';
import type { Film, FilmFrame, Mark, Origin } from '../src/generated/film.js';
import { anyFilm, bigFilm, chance } from './films.mjs';
import { play, spread } from './naive.js';

const SEEDS = Array.from({ length: 40 }, (_, seed) => seed);

function plainly({ cells }: Moment): unknown[] {
  return cells.map(({ handle, source, stretches, outputs, count, running }) => ({
    handle,
    source,
    from: spread(
      stretches.map(({ moved, ...span }) => (moved ? { ...span, moved } : span))
    ),
    outputs,
    count,
    running: running.map(run => run.execution_id)
  }));
}

describe('a timeline', () => {
  it.each(SEEDS)('is at any moment what playing from the start gives (%i)', seed => {
    const film = anyFilm(seed);
    const timeline = compile(film);
    const random = chance(seed + 1000);
    for (let i = 0; i < 25; i += 1) {
      // Anywhere, and exactly when a frame comes, forwards and backwards.
      const frame = film.frames[Math.floor(random() * film.frames.length)] as FilmFrame;
      const at_ms = i % 2 ? frame.at_ms : random() * timeline.duration_ms;
      expect(plainly(timeline.momentAt(at_ms))).toEqual(play(film, at_ms));
    }
  });

  it.each(SEEDS.slice(0, 10))('leaves alone what a frame does not touch (%i)', seed => {
    const film = anyFilm(seed, 150);
    const timeline = compile(film);
    film.frames.forEach((frame, i) => {
      const before = timeline.momentAfter(i);
      const after = timeline.momentAfter(i + 1);
      const touched = new Set(
        frame.steps.flatMap(step => ('cell' in step ? [step.cell] : []))
      );
      const kernel = frame.steps.some(step => step.do === 'kernel');
      for (const cell of after.cells) {
        const same = before.cells.find(each => each.handle === cell.handle);
        if (same && !touched.has(cell.handle) && !kernel) {
          expect(cell).toBe(same);
        }
      }
    });
  });

  it.each(SEEDS.slice(0, 10))(
    'has carets inside of texts, one for an author (%i)',
    seed => {
      const film = anyFilm(seed, 200);
      const timeline = compile(film);
      for (let frames = 0; frames <= film.frames.length; frames += 1) {
        const { cells, carets } = timeline.momentAfter(frames);
        expect(new Set(carets.map(caret => caret.author)).size).toBe(carets.length);
        for (const caret of carets) {
          const cell = cells.find(each => each.handle === caret.cell);
          expect(caret.index).toBeLessThanOrEqual(cell?.source.length ?? -1);
        }
      }
    }
  );

  it('keeps the order of the records where a clock was set back', () => {
    const film = typing(['a', 'b', 'c'], [0, 5000, 2000]);
    const timeline = compile(film);
    expect([...timeline.times_ms]).toEqual([0, 5000, 5000]);
    expect(sourceAt(timeline, 4999)).toBe('a');
    expect(sourceAt(timeline, 5000)).toBe('abc');
  });

  it('shows an empty notebook of an empty film', () => {
    const timeline = compile({ ...anyFilm(1, 0), frames: [], duration_ms: 0 });
    expect(timeline.momentAt(0).cells).toEqual([]);
    expect(timeline.seqAfter(0)).toBe(0);
  });

  it('moves the carets of others with the text before them', () => {
    const film = typing(['hello'], [0]);
    film.frames.push(
      edit('p-grace', 10, 1, 5, 0, ' you'),
      edit('p-ada', 20, 1, 0, 2, 'je')
    );
    const { carets } = compile(film).momentAt(20);
    expect(carets.map(({ author, index }) => [author, index])).toEqual([
      ['p-grace', 9],
      ['p-ada', 2]
    ]);
  });

  it('knows which cells run, and that a dead kernel runs none', () => {
    const film = typing(['a'], [0]);
    const frame = (at_ms: number, ...steps: FilmFrame['steps']): void => {
      film.frames.push({ at_ms, seq: at_ms, author: 'p-ada', steps });
    };
    frame(10, { do: 'run', cell: 1, execution_id: 'x' });
    frame(20, { do: 'kernel', state: 'died', detail: '' });
    frame(30, {
      do: 'ran',
      cell: 1,
      execution_id: 'x',
      status: 'aborted',
      duration_ms: 20
    });
    const timeline = compile(film);
    const running = (at_ms: number): unknown =>
      timeline.momentAt(at_ms).cells[0]?.running;
    expect(running(10)).toEqual([{ author: 'p-ada', at_ms: 10, execution_id: 'x' }]);
    expect(running(20)).toEqual([]);
    expect(timeline.momentAt(30).cells[0]?.ended).toEqual({
      status: 'aborted',
      duration_ms: 20
    });
  });

  it('is compiled in slices to the same, and lets the page rest', async () => {
    const film = anyFilm(3, 2000);
    let now_ms = 0;
    const told: number[] = [];
    let rests = 0;
    const timeline = await compileInSlices(film, {
      slice_ms: 30,
      now: () => (now_ms += 20),
      rest: () => {
        rests += 1;
        return Promise.resolve();
      },
      tell: share => told.push(share),
      stopped: () => false
    });
    expect(rests).toBeGreaterThan(5);
    expect(told).toEqual([...told].sort((one, other) => one - other));
    expect(timeline?.momentAt(1e9)).toEqual(compile(film).momentAt(1e9));
  });

  it('stops compiling when nobody waits any more', async () => {
    const rest = (): Promise<void> => Promise.resolve();
    const how = {
      slice_ms: 0,
      now: () => 0,
      rest,
      tell: () => undefined,
      stopped: () => true
    };
    expect(await compileInSlices(anyFilm(1), how)).toBeNull();
  });

  it('keeps typed stretches together: a long interview stays small', () => {
    const film = bigFilm({ cells: 20, edits: 3000, plots: 0, minutes: 9 });
    const { cells } = compile(film).momentAt(film.duration_ms);
    expect(cells).toHaveLength(20);
    expect(Math.max(...cells.map(cell => cell.stretches.length))).toBeLessThan(6);
  });
});

describe('idle stretches', () => {
  const times_ms = [1000, 2000, 62_000, 63_000];

  it('are those without frames for more than five seconds', () => {
    expect(idleStretches(times_ms, 70_000)).toEqual([
      { from_ms: 2000, to_ms: 62_000 },
      { from_ms: 63_000, to_ms: 70_000 }
    ]);
    expect(idleStretches([5000], 10_000)).toEqual([]);
    expect(idleStretches([], 9000)).toEqual([{ from_ms: 0, to_ms: 9000 }]);
  });

  it('play in one second each', () => {
    const idle = idleStretches(times_ms, 70_000);
    expect(playedOn(0, 1500, idle, 70_000)).toBe(1500);
    expect(playedOn(0, 2500, idle, 70_000)).toBeCloseTo(32_000);
    expect(playedOn(0, 3500, idle, 70_000)).toBeCloseTo(62_500);
    expect(playedOn(32_000, 500, idle, 70_000)).toBeCloseTo(62_000);
    expect(playedOn(0, 99_000, idle, 70_000)).toBe(70_000);
    expect(playedOn(0, 2500, [], 70_000)).toBe(2500);
  });

  it('make no difference to how many steps playing is cut into', () => {
    const random = chance(5);
    const idle = idleStretches(times_ms, 70_000);
    let at_ms = 0;
    let played_ms = 0;
    while (at_ms < 70_000) {
      const step_ms = random() * 90;
      played_ms += step_ms;
      at_ms = playedOn(at_ms, step_ms, idle, 70_000);
      expect(at_ms).toBeCloseTo(playedOn(0, played_ms, idle, 70_000), 4);
    }
  });
});

describe('marks', () => {
  const marks = inOrder([30, 10, 20, 20, 500].map((at_ms, seq) => markAt(at_ms, seq)));

  it('come in order and in clusters', () => {
    expect(marks.map(mark => mark.at_ms)).toEqual([10, 20, 20, 30, 500]);
    expect(clusters(marks, 15).map(each => each.length)).toEqual([3, 1, 1]);
    expect(clusters(marks, 0)).toHaveLength(5);
  });

  it('follow each other, and one at this moment is not the next', () => {
    expect(currentMark(marks, 9)).toBe(-1);
    expect(currentMark(marks, 20)).toBe(2);
    expect(neighbour(marks, 20, 1)?.at_ms).toBe(30);
    expect(neighbour(marks, 20, -1)?.at_ms).toBe(10);
    expect(neighbour(marks, 500, 1)).toBeUndefined();
    expect(neighbour(marks, 10, -1)).toBeUndefined();
  });

  it('and frames make a density that loses none', () => {
    expect(density([0, 10, 99, 100], 100, 10)).toEqual([1, 1, 0, 0, 0, 0, 0, 0, 0, 2]);
    expect(density([0, 0], 0, 2)).toEqual([2, 0]);
  });
});

describe('where lines come from', () => {
  it('is said for runs of lines, with the record', () => {
    const source = 'a = 1\nb\n\nc\nd = 2\n';
    const spans = [span('typed', 6, 3), span('pasted', 5, 412), span('typed', 6, 500)];
    const runs = originRuns(lineOrigins(source, stretchesOf(spans)));
    expect(runs.map(inWords)).toEqual(['Lines 2–4 pasted from outside, record 412']);
  });

  it('tells of a line that is only in part from outside, and of what was moved', () => {
    const spans = [
      span('typed', 4, 3),
      span('pasted', 4, 9),
      { ...span('typed', 5, 4), moved: 20 }
    ];
    const runs = originRuns(lineOrigins('x = read\nmove', stretchesOf(spans)));
    expect(runs.map(inWords)).toEqual([
      'Line 1 in part pasted from outside, record 9',
      'Line 2 typed, record 4; moved by record 20'
    ]);
  });

  it('takes what an interviewer wrote by hand as one, and says nothing of what is typed', () => {
    const spans = [1, 2, 3].map(seq => span('interviewer', 2, seq));
    const runs = originRuns(lineOrigins('a\nb\nc\n', stretchesOf(spans)));
    expect(runs.map(inWords)).toEqual(
      ['Lines 1–4 written by an interviewer, records 1–3'].map(words =>
        words.replace('1–4', '1–3')
      )
    );
    expect(originRuns(lineOrigins('a\nb', stretchesOf([span('typed', 3, 1)])))).toEqual(
      []
    );
  });

  it.each(SEEDS.slice(0, 10))('is known for every line that has text (%i)', seed => {
    const film = anyFilm(seed, 200);
    for (const cell of compile(film).momentAt(film.duration_ms).cells) {
      const origins = lineOrigins(cell.source, cell.stretches);
      cell.source.split('\n').forEach((line, i) => {
        expect(origins[i] !== null || line.trim() === '').toBe(true);
      });
    }
  });
});

describe('times', () => {
  it('are written as people do', () => {
    expect(clock(1_390_999)).toBe('00:23:10');
    expect(clock(5_400_000)).toBe('01:30:00');
    expect([340, 12_300, 125_000].map(duration)).toEqual([
      '0.3 s',
      '12 s',
      '2 min 5 s'
    ]);
  });

  it.each([
    ['#t=23:10', 1_390_000],
    ['#t=1:02:03', 3_723_000],
    ['#t=95', 95_000],
    ['#cell=2&t=00:00:07', 7000],
    ['#t=', null],
    ['#t=1:2:3:4', null],
    ['#t=-5', null],
    ['#t=<b>', null],
    ['', null]
  ])('are read from the address %s', (hash, at_ms) => {
    expect(momentInAddress(hash)).toBe(at_ms);
  });
});

function span(
  origin: Origin,
  length: number,
  seq: number
): { origin: Origin; length: number; seq: number } {
  return { origin, length, seq };
}

function markAt(at_ms: number, seq: number): Mark {
  return {
    at_ms,
    end_ms: null,
    seq,
    kind: 'run',
    title: 'Run',
    detail: '',
    author: 'p-ada'
  };
}

function edit(
  author: string,
  at_ms: number,
  cell: number,
  index: number,
  removed: number,
  inserted: string
): FilmFrame {
  const spans = [span('typed', inserted.length, 1)];
  return {
    at_ms,
    seq: 9,
    author,
    steps: [{ do: 'edit', cell, index, removed, inserted, spans }]
  };
}

/** One cell, and one letter after another. */
function typing(letters: string[], times_ms: number[]): Film {
  const frames = letters.map((inserted, i) =>
    edit('p-ada', times_ms[i] ?? 0, 1, i, 0, inserted)
  );
  const cell = {
    cell: 1,
    id: 'a',
    type: 'code',
    source: '',
    spans: [],
    outputs: [],
    count: null
  } as const;
  frames[0]?.steps.unshift({
    do: 'insert',
    index: 0,
    cells: [{ ...cell, locked: false } as never]
  });
  return { ...anyFilm(1, 0), frames, duration_ms: 0 };
}

function sourceAt(timeline: Timeline, at_ms: number): string | undefined {
  return timeline.momentAt(at_ms).cells[0]?.source;
}
