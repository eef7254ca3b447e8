// Films for tests, made by chance from a seed: the same seed, the same film.
// `node films.mjs big` writes the big one to stdout, for the test in a real browser.
import { fileURLToPath } from 'node:url';
import { png } from './png.mjs';

/** A small generator of numbers in [0, 1): mulberry32. */
export function chance(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const PEOPLE = {
  'p-ada': { display_name: 'Ada Example', initials: 'AE', color: '#b3541e', role: 'candidate' },
  'p-grace': { display_name: 'Grace Sample', initials: 'GS', color: '#1f6f8b', role: 'interviewer' }
};
const ORIGINS = ['template', 'typed', 'pasted', 'interviewer', 'unexplained'];
const CODE = `import pandas as pd

def clean(frame, limit=0.5):
    """Drop rows that are mostly empty."""
    share = frame.isna().mean(axis=1)
    return frame[share < limit]  # what is left

orders = pd.read_csv("orders.csv")
joined = clean(orders).merge(customers, on="customer", how="inner")
print(joined.shape, joined["amount"].sum())
`;
const PROSE = '# A question\n\nWhat does the *join* lose? Write **two** sentences.\n\n- rows\n- keys\n';

const around = (film, duration_ms) => ({
  format: 1,
  interview: 'abcdefghij',
  title: 'Plots and models',
  started_at: '2026-11-20T13:00:00Z',
  duration_ms,
  last_seq: film.frames.length + 1,
  people: structuredClone(PEOPLE),
  images: {},
  marks: [],
  ...film
});

/** Any film at all: every kind of step, edits anywhere, surrogates, cells that are gone. */
export function anyFilm(seed, frames = 400) {
  const random = chance(seed);
  const whole = most => Math.floor(random() * most);
  const one = list => list[whole(list.length)];
  const cells = [];
  let handle = 0;
  let seq = 0;
  let at_ms = 0;
  const spans = length => {
    const result = [];
    for (let left = length; left > 0; ) {
      const part = 1 + whole(left);
      const moved = random() < 0.2 ? { moved: 1 + whole(seq + 1) } : {};
      result.push({ length: part, origin: one(ORIGINS), seq: whole(seq + 1), ...moved });
      left -= part;
    }
    return result;
  };
  const text = () => one(['', 'a', 'b\n', '\n', 'x = 1\n', '🙂', '# hé\n  y', '"""', '\t', CODE]);
  const output = () => ({ kind: one(['text', 'stderr', 'error']), text: text(), note: '' });
  const insert = () => {
    const index = whole(cells.length + 1);
    const made = Array.from({ length: 1 + whole(2) }, () => {
      const source = text();
      handle += 1;
      return {
        cell: handle,
        id: `cell-${handle}`,
        type: one(['code', 'code', 'markdown', 'raw']),
        source,
        spans: spans(source.length),
        outputs: [],
        count: null,
        locked: random() < 0.1
      };
    });
    cells.splice(index, 0, ...made.map(({ cell, source }) => ({ cell, length: source.length })));
    return { do: 'insert', index, cells: made };
  };
  const edit = () => {
    const cell = one(cells);
    const index = whole(cell.length + 1);
    const removed = random() < 0.4 ? whole(cell.length - index + 1) : 0;
    const inserted = text();
    cell.length += inserted.length - removed;
    return { do: 'edit', cell: cell.cell, index, removed, inserted, spans: spans(inserted.length) };
  };
  const remove = () => {
    const index = whole(cells.length);
    const count = 1 + whole(Math.min(2, cells.length - index));
    cells.splice(index, count);
    return { do: 'remove', index, count };
  };
  const other = () => {
    const cell = one(cells).cell;
    const execution_id = `x${whole(4)}`;
    return one([
      { do: 'outputs', cell, keep: whole(2), outputs: [output(), output()].slice(whole(3)) },
      { do: 'count', cell, count: random() < 0.3 ? null : whole(99) },
      { do: 'run', cell: random() < 0.1 ? null : cell, execution_id },
      { do: 'ran', cell, execution_id, status: one(['ok', 'error', 'aborted']), duration_ms: 7 },
      { do: 'kernel', state: one(['started', 'restarted', 'died', 'stopped']), detail: '' }
    ]);
  };
  const step = () => {
    const luck = random();
    if (cells.length === 0 || luck < 0.1) return insert();
    if (luck < 0.15) return remove();
    return luck < 0.75 ? edit() : other();
  };
  const made = Array.from({ length: frames }, () => {
    seq += 1 + whole(2);
    at_ms += one([0, 40, 200, 900, 7000]);
    const steps = Array.from({ length: 1 + whole(3) }, step);
    return { at_ms, seq, author: one(['p-ada', 'p-grace', 'room']), steps };
  });
  return around({ frames: made }, at_ms + 1000);
}

/** A whole interview: 90 minutes, 200 cells, 50 plots, 30,000 edits, typed key by key. */
export function bigFilm({ seed = 7, cells = 200, edits = 30_000, plots = 50, minutes = 90 } = {}) {
  const random = chance(seed);
  const whole = most => Math.floor(random() * most);
  const images = {};
  for (let i = 0; i < plots; i += 1) {
    images[`plot-${i}`] = png(640, 400, random);
  }
  const frames = [];
  const marks = [];
  const duration_ms = minutes * 60_000;
  const pace_ms = (duration_ms / edits) * 0.6;
  let at_ms = 0;
  let seq = 0;
  let typed = 0;
  const add = (author, ...steps) => {
    seq += 1;
    frames.push({ at_ms: Math.round(at_ms), seq, author, steps });
  };
  const mark = (kind, title, detail, author, lasts_ms = null) => {
    const now = Math.round(at_ms);
    marks.push({ at_ms: now, end_ms: lasts_ms && now + lasts_ms, seq, kind, title, detail, author });
  };
  const empty = (handle, type, source = '') => ({
    cell: handle,
    id: `c${handle}`,
    type,
    source,
    spans: source ? [{ length: source.length, origin: 'template', seq: 1 }] : [],
    outputs: [],
    count: null,
    locked: handle === 1
  });
  add('room', { do: 'insert', index: 0, cells: [empty(1, 'markdown', PROSE), empty(2, 'code', 'import numpy as np\n')] });
  add('kernel', { do: 'kernel', state: 'started', detail: '' });
  mark('kernel', 'Python started', '', 'room');
  mark('person', 'Ada Example came in', '', 'p-ada');
  const perCell = Math.floor(edits / cells);
  for (let handle = 3; handle <= cells; handle += 1) {
    const author = handle % 9 === 0 ? 'p-grace' : 'p-ada';
    const origin = author === 'p-grace' ? 'interviewer' : 'typed';
    const type = handle % 7 === 0 ? 'markdown' : 'code';
    const text = type === 'markdown' ? PROSE.repeat(3) : CODE.repeat(2);
    add(author, { do: 'insert', index: handle - 1, cells: [empty(handle, type)] });
    let length = 0;
    if (handle % 11 === 0) {
      const pasted = CODE.repeat(1 + whole(2));
      add(author, edit(handle, 0, 0, pasted, handle % 22 === 0 ? 'pasted' : 'unexplained', seq + 1));
      mark('paste', 'Pasted from outside', `${pasted.length} characters`, author);
      length = pasted.length;
    }
    for (let i = 0; i < perCell && typed < edits; i += 1) {
      at_ms += pace_ms * 2 * random();
      typed += 1;
      const back = random() < 0.06 && length > 0;
      add(
        author,
        back
          ? edit(handle, length - 1, 1, '', origin, seq + 1)
          : edit(handle, length, 0, text.charAt(i % text.length), origin, seq + 1)
      );
      length += back ? -1 : 1;
    }
    if (type === 'code') run(handle, author);
    if (handle % 5 === 0) at_ms += Math.min(20_000 + whole(60_000), (duration_ms - at_ms) / 8);
    if (handle % 20 === 0) mark('flag', 'Looked away', '12.4 s', 'room', 12_400);
    if (handle % 25 === 0) mark('warning', 'The candidate was told', 'Please look at the screen', 'room');
    if (handle % 25 === 1) mark('comment', 'Comment on “Looked away”', 'The door bell rang.', 'p-ada');
    if (handle % 15 === 2) mark('episode', 'Looked away', 'did not count: too short; 3.0 s', 'room', 3000);
    if (handle % 15 === 4) mark('nudge', 'A private hint', 'Your screen is the other way.', 'room');
  }
  function run(handle, author) {
    const execution_id = `x${handle}`;
    const plot = `plot-${handle % Math.max(plots, 1)}`;
    const failed = handle % 13 === 0;
    add(author, { do: 'run', cell: handle, execution_id });
    mark('run', failed ? 'Run with an error' : 'Run', 'import pandas as pd', author, 900);
    at_ms += 300;
    const lines = Array.from({ length: handle % 10 === 0 ? 200 : 6 }, (_, i) => `${i}\t${random()}`);
    const outputs = [{ kind: 'text', text: lines.join('\n'), note: '' }];
    if (failed) outputs.push({ kind: 'error', text: 'KeyError: "customer"', note: '' });
    else if (images[plot]) outputs.push({ kind: 'image', image: plot, note: '' });
    add('kernel', { do: 'outputs', cell: handle, keep: 0, outputs }, { do: 'count', cell: handle, count: handle });
    at_ms += 600;
    add('kernel', { do: 'ran', cell: handle, execution_id, status: failed ? 'error' : 'ok', duration_ms: 900 });
  }
  return around({ frames, marks, images, last_seq: seq }, duration_ms);
}

function edit(cell, index, removed, inserted, origin, seq) {
  const spans = inserted === '' ? [] : [{ length: inserted.length, origin, seq }];
  return { do: 'edit', cell, index, removed, inserted, spans };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const small = { cells: 24, edits: 2400, plots: 4, minutes: 20 };
  process.stdout.write(JSON.stringify(process.argv[2] === 'big' ? bigFilm() : bigFilm(small)));
}
