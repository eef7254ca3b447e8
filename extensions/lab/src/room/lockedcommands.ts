/** Which of the notebook's commands would change, move or delete a locked cell. */

/** What the commands ask of a cell. */
export interface ICellState {
  /** Selected or active. */
  readonly isAtHand: boolean;
  readonly isEditable: boolean;
  readonly isDeletable: boolean;
}

type Cells = readonly ICellState[];
type Rule = (cells: Cells) => boolean;

const isFree = (cell: ICellState): boolean => cell.isEditable && cell.isDeletable;
const atHand = (cells: Cells): Cells => cells.filter(cell => cell.isAtHand);

const moves: Rule = cells => atHand(cells).every(cell => cell.isDeletable);
const writes: Rule = cells => atHand(cells).every(cell => cell.isEditable);
const remakes: Rule = cells => atHand(cells).every(isFree);
// JupyterLab leaves out of several cells those that are locked.
const takes: Rule = cells => atHand(cells).some(cell => cell.isDeletable);

/** One cell at hand is merged with its neighbour, several with each other. */
const merges =
  (neighbour: -1 | 1): Rule =>
  cells => {
    const isAlone = atHand(cells).length === 1;
    const place = cells.findIndex(cell => cell.isAtHand) + neighbour;
    const beside = cells.filter((_, index) => isAlone && index === place);
    return remakes(cells) && beside.every(isFree);
  };

const TYPES = [
  'code',
  'markdown',
  'raw',
  ...[1, 2, 3, 4, 5, 6].map(n => `heading-${n}`)
];

const RULES: Readonly<Record<string, Rule>> = {
  'notebook:move-cell-up': moves,
  'notebook:move-cell-down': moves,
  'notebook:delete-cell': takes,
  'notebook:cut-cell': takes,
  'notebook:paste-and-replace-cell': takes,
  'notebook:split-cell-at-cursor': remakes,
  'notebook:replace-selection': writes,
  'notebook:merge-cells': merges(1),
  'notebook:merge-cell-above': merges(-1),
  'notebook:merge-cell-below': merges(1),
  ...Object.fromEntries(TYPES.map(type => [`notebook:change-cell-to-${type}`, remakes]))
};

/** The commands that a locked cell switches off. */
export const LOCKABLE: readonly string[] = Object.keys(RULES);

/** Whether a command, run now, would leave every locked cell of a notebook alone. */
export function leavesLockedCellsAlone(command: string, cells: Cells): boolean {
  const rule = Object.hasOwn(RULES, command) ? RULES[command] : undefined;
  return rule === undefined || rule(cells);
}
