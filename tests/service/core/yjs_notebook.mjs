// The real @jupyter/ydoc: a page's edits, each with the notebook after it.
import { YNotebook } from '@jupyter/ydoc';

const PIECES = ['x', 'é', 'e\u0301', '\u{1F600}', '\u{1F468}\u200D\u{1F469}', '中文', '\n  ', 'value_counts'];
let state = Number(process.argv[2]);
// A small generator: the same seed gives the same edits.
const next = limit => {
  state = (state * 1103515245 + 12345) % 2147483648;
  return Math.floor((state / 2147483648) * limit);
};
const piece = () => PIECES[next(PIECES.length)];

// Between two characters, never inside a surrogate pair: no editor's cursor is there.
function place(text) {
  const found = next(text.length + 1);
  const low = text.charCodeAt(found) >= 0xdc00 && text.charCodeAt(found) < 0xe000;
  return low ? found + 1 : found;
}

const notebook = new YNotebook();
const steps = [];
notebook.ydoc.on('update', update => {
  steps.push({ update: Buffer.from(update).toString('base64'), cells: notebook.toJSON().cells });
});

function edit(cell) {
  const [one, other] = [place(cell.source), place(cell.source)];
  cell.updateSource(Math.min(one, other), Math.max(one, other), piece() + piece());
}

const acts = [
  () => notebook.insertCell(next(notebook.cells.length + 1), { cell_type: ['code', 'markdown', 'raw'][next(3)], source: piece() + '\n' + piece() }),
  () => notebook.cells.length > 2 && notebook.deleteCell(next(notebook.cells.length)),
  () => notebook.cells.length > 1 && notebook.moveCell(next(notebook.cells.length), next(notebook.cells.length)),
  () => edit(notebook.cells[next(notebook.cells.length)]),
  () => edit(notebook.cells[next(notebook.cells.length)]),
  () => (notebook.cells[next(notebook.cells.length)].source = piece() + piece() + piece()),
  () => notebook.cells[next(notebook.cells.length)].setMetadata('editable', next(2) === 0),
  () => {
    const code = notebook.cells.find(cell => cell.cell_type === 'code');
    code?.setOutputs([{ output_type: 'stream', name: 'stdout', text: piece() }]);
    code?.appendStreamOutput(0, piece());
    if (code) code.execution_count = 1 + next(99);
  },
  () =>
    // Many cells at once, in any combination.
    notebook.transact(() => {
      for (const cell of notebook.cells) edit(cell);
      notebook.insertCell(0, { cell_type: 'code', source: piece() });
      edit(notebook.cells[notebook.cells.length - 1]);
      if (notebook.cells.length > 3) notebook.deleteCell(1);
    })
];

notebook.insertCell(0, { cell_type: 'code', source: 'a = 1' });
for (let count = 0; count < 150; count++) acts[next(acts.length)]();
process.stdout.write(JSON.stringify(steps), () => process.exit(0));
