/** Which clipboard events are the notebook's. All others are nobody's business. */

/** A cell of a notebook, as far as it matters here. */
export interface ICellPart {
  readonly node: Node;
  readonly editorWidget: { readonly node: Node } | null;
  readonly readOnly: boolean;
  readonly model: { readonly id: string };
}

/** Dragging is copying and pasting by another hand movement. */
const TAKE = ['copy', 'cut', 'dragstart'];

/** Where a run asks for text. */
const ASKED = '.jp-Stdin-input';
/** What replaces other text in all cells, and so is in none of them. */
const REPLACEMENT = '.jp-DocumentSearch-replace-wrapper-class textarea';

/** The cell that an event happened in. */
export function cellAt<T extends ICellPart>(
  target: EventTarget | null,
  cells: readonly T[]
): T | undefined {
  return target instanceof Node
    ? cells.find(cell => cell.node.contains(target))
    : undefined;
}

/**
 * Whether this took text from a cell, or put text where it gets into one or its run.
 *
 * What is typed elsewhere, as a comment to the reviewers, is no text of the notebook, nor
 * is a paste where nothing is inserted: beside all editors, or into a locked one.
 */
export function isOfNotebook(
  { type, target }: Pick<Event, 'type' | 'target'>,
  cells: readonly ICellPart[]
): boolean {
  const cell = cellAt(target, cells);
  if (TAKE.includes(type)) {
    return cell !== undefined;
  }
  if (!(target instanceof Element)) {
    return false;
  }
  if (cell === undefined) {
    return target.matches(REPLACEMENT);
  }
  const isInEditor = cell.editorWidget?.node.contains(target) === true;
  return target.matches(ASKED) || (isInEditor && !cell.readOnly);
}
