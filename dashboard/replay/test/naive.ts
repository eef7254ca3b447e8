/** A film played the plainest way: from the start, everything copied, a record for every character. */
import type { Film, FilmCell, Span, Step } from '../src/generated/film.js';

export interface PlainCell {
  handle: number;
  source: string;
  /** Of each code unit: its origin and what moved it. */
  from: string[];
  outputs: unknown[];
  count: number | null;
  running: string[];
}

export function play(film: Film, at_ms: number): PlainCell[] {
  const cells: PlainCell[] = [];
  let latest_ms = 0;
  for (const frame of film.frames) {
    latest_ms = Math.max(latest_ms, frame.at_ms);
    if (latest_ms > at_ms) {
      break;
    }
    frame.steps.forEach(step => {
      take(cells, step);
    });
  }
  return cells;
}

export function spread(spans: readonly Span[]): string[] {
  return spans.flatMap(({ length, origin, seq, moved }) => {
    // What was typed is one stretch whatever its record: its record is not compared.
    const exact = origin === 'typed' || origin === 'interviewer' ? '' : seq;
    return Array.from({ length }, () => `${origin} ${exact} ${moved ?? 0}`);
  });
}

function plain({ cell, source, spans, outputs, count }: FilmCell): PlainCell {
  const from = spread(spans);
  return { handle: cell, source, from, outputs: [...outputs], count, running: [] };
}

function take(cells: PlainCell[], step: Step): void {
  switch (step.do) {
    case 'insert':
      cells.splice(step.index, 0, ...step.cells.map(plain));
      return;
    case 'remove':
      cells.splice(step.index, step.count);
      return;
    case 'kernel':
      if (['died', 'restarted', 'stopped'].includes(step.state)) {
        cells.forEach(cell => {
          cell.running = [];
        });
      }
      return;
  }
  const cell = cells.find(each => each.handle === step.cell);
  if (cell === undefined) {
    return;
  }
  switch (step.do) {
    case 'edit': {
      const units = cell.source.split('');
      units.splice(step.index, step.removed, ...step.inserted.split(''));
      cell.source = units.join('');
      cell.from.splice(step.index, step.removed, ...spread(step.spans));
      return;
    }
    case 'outputs':
      cell.outputs = [...cell.outputs.slice(0, step.keep), ...step.outputs];
      return;
    case 'count':
      cell.count = step.count;
      return;
    case 'run':
      cell.running.push(step.execution_id);
      return;
    case 'ran':
      cell.running = cell.running.filter(run => run !== step.execution_id);
  }
}
