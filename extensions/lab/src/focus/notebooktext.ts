/** Whether a text stood in the notebook already. */

/** The part of a notebook that counts: what a person can select there. */
export interface INotebookText {
  cells: readonly { source: string; outputs: readonly unknown[] }[];
}

/** What colours a traceback: nobody selects it with the text. */
const COLOURS = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');

/**
 * Whether this text is in a cell or an output, whatever the white space in it: what is
 * selected in a rendered output comes with other line ends and spaces.
 */
export function isOwnText(text: string, notebook: INotebookText): boolean {
  const wanted = squeeze(text);
  if (wanted === '') {
    return true;
  }
  return notebook.cells.some(
    cell =>
      squeeze(cell.source).includes(wanted) ||
      cell.outputs.some(output => squeeze(outputText(output)).includes(wanted))
  );
}

/** All text of one output (nbformat), one piece after the other. */
function outputText(output: unknown): string {
  if (typeof output === 'string') {
    return output.replace(COLOURS, '').replace(/<[^>]*>/g, ' ');
  }
  if (Array.isArray(output)) {
    return output.map(outputText).join('');
  }
  if (typeof output === 'object' && output !== null) {
    return Object.entries(output)
      .filter(([key]) => !key.startsWith('image/'))
      .map(([, value]) => outputText(value))
      .join('\n');
  }
  return '';
}

function squeeze(text: string): string {
  return text.replace(/\s+/g, '');
}
