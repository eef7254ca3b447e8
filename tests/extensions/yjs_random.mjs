// Random documents of the real Yjs: prints, a line each, JSON of one update and
// what Yjs itself reads in it. Arguments: a seed and a count.
import { createRequire } from 'node:module';
const require = createRequire(process.cwd() + '/package.json');
const Y = require('yjs');

let state = Number(process.argv[2]) >>> 0;
const random = (n) => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * n);
};
const WORDS = ['a', 'xyz', 'é', '😀', 'a😀b', '\u{10ffff}', 'ü'.repeat(200)];
const VALUES = [null, true, 1, -7, 2 ** 40, -(2 ** 33), 1.5, 'w😀', [1, [2, {}]], { k: { v: [] } }, new Uint8Array([1, 2])];
const any = (list) => list[random(list.length)];

function change(doc, undo) {
  const text = doc.getText('text');
  const cells = doc.getArray('cells');
  const meta = doc.getMap('meta');
  switch (random(11)) {
    case 0: case 1: case 2: return text.insert(random(text.length + 1), any(WORDS));
    case 3: if (text.length > 1) text.delete(random(text.length - 1), 1 + random(2)); return;
    case 4: return cells.insert(random(cells.length + 1), [any(VALUES), any(VALUES)]);
    case 5: {
      const cell = new Y.Map();
      cell.set('source', new Y.Text(any(WORDS)));
      cell.set('outputs', new Y.Array());
      cell.set('metadata', new Y.Map([['deep', new Y.Map([['x', 1]])]]));
      return cells.insert(random(cells.length + 1), [cell]);
    }
    case 6: if (cells.length) cells.delete(random(cells.length), 1); return;
    case 7: return meta.set(any(['a', 'b', 'ключ']), any(VALUES));
    case 8: return undo.undo();
    case 9: if (text.length > 2) text.format(0, 2, { bold: any([true, null]) }); return;
    case 10: if (text.length) text.insertEmbed(0, { image: any(WORDS) }); return;
  }
}

const b64 = (bytes) => Buffer.from(bytes).toString('base64');
const id = (one) => (one ? [one.client, one.clock] : null);

function tell(update) {
  const { structs, ds } = Y.decodeUpdate(update);
  const out = structs.map((s) => ({
    client: s.id.client,
    clock: s.id.clock,
    length: s.length,
    kind: s.constructor.name === 'GC' ? 0 : s.constructor.name === 'Skip' ? 10 : s.content.getRef(),
    origin: id(s.origin),
    right: id(s.rightOrigin),
    parent: s.parent == null ? null : typeof s.parent === 'string' ? s.parent : id(s.parent),
    sub: s.parentSub ?? null,
    text: s.content && s.content.getRef() === 4 ? s.content.str : null,
    values: s.content && s.content.getRef() === 8 ? JSON.stringify(s.content.arr) : null
  }));
  const deleted = [...ds.clients].flatMap(([client, all]) => all.map((d) => [client, d.clock, d.clock + d.len]));
  console.log(JSON.stringify({ update: b64(update), structs: out, deleted }));
}

const count = Number(process.argv[3]);
for (let n = 0; n < count; n++) {
  const docs = [0, 1, 2].map((i) => {
    const doc = new Y.Doc();
    doc.clientID = 1 + n * 3 + i + (i === 2 ? 2 ** 31 : 0);
    return doc;
  });
  const undos = docs.map((doc) => new Y.UndoManager([doc.getText('text'), doc.getArray('cells')], { captureTimeout: 0 }));
  const seen = [];
  docs.forEach((doc) => doc.on('update', (update, origin) => { if (origin !== 'net') seen.push(update); }));
  for (let step = 0; step < 25; step++) {
    const i = random(3);
    change(docs[i], undos[i]);
    if (random(4) === 0) Y.applyUpdate(docs[random(3)], Y.encodeStateAsUpdate(docs[i]), 'net');
  }
  seen.forEach(tell);
  tell(Y.encodeStateAsUpdate(docs[0]));
  tell(Y.encodeStateAsUpdate(docs[0], Y.encodeStateVector(docs[1])));
  tell(Y.mergeUpdates(seen));
  const some = seen.filter(() => random(2) === 0);
  if (some.length) tell(Y.mergeUpdates(some)); // with Skip structs
  if (some.length) tell(Y.diffUpdate(Y.mergeUpdates(some), Y.encodeStateVector(docs[2])));
}
