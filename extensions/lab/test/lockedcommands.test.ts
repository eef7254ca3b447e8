import { describe, expect, it } from 'vitest';

import type { ICellState } from '../src/room/lockedcommands';
import { LOCKABLE, leavesLockedCellsAlone } from '../src/room/lockedcommands';

const free = { isAtHand: false, isEditable: true, isDeletable: true };
const locked = { isAtHand: false, isEditable: false, isDeletable: false };
const at = (cell: ICellState): ICellState => ({ ...cell, isAtHand: true });

describe('with a locked cell at hand', () => {
  it.each(LOCKABLE)('%s is off', command => {
    expect(leavesLockedCellsAlone(command, [at(locked), free])).toBe(false);
  });

  it.each(['notebook:run-cell', 'notebook:copy-cell', 'toString'])(
    '%s is on',
    command => {
      expect(leavesLockedCellsAlone(command, [at(locked), free])).toBe(true);
    }
  );
});

describe('with a free cell at hand', () => {
  it.each(LOCKABLE)('%s is on', command => {
    expect(leavesLockedCellsAlone(command, [free, at(free), free])).toBe(true);
  });

  it.each([
    ['notebook:merge-cell-above', [locked, at(free), free], false],
    ['notebook:merge-cell-below', [locked, at(free), free], true],
    ['notebook:merge-cells', [free, at(free), locked], false],
    ['notebook:merge-cells', [at(free), at(free), locked], true],
    ['notebook:merge-cells', [at(free), at(locked)], false],
    ['notebook:merge-cell-above', [at(free), locked], true],
    ['notebook:move-cell-up', [locked, at(free)], true],
    ['notebook:move-cell-up', [at(locked), at(free)], false],
    ['notebook:delete-cell', [at(locked), at(free)], true]
  ] as const)('%s beside %j: %s', (command, cells, isOn) => {
    expect(leavesLockedCellsAlone(command, cells)).toBe(isOn);
  });
});
