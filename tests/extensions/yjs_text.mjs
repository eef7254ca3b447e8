// Reads [[update, …], …] in base64, one JSON on stdin; prints the text that Yjs makes of each.
import { readFileSync } from 'node:fs';
import * as Y from 'yjs';

const texts = JSON.parse(readFileSync(0, 'utf8')).map(updates => {
  const doc = new Y.Doc();
  const text = doc.getText('text');
  for (const update of updates) {
    Y.applyUpdate(doc, Buffer.from(update, 'base64'));
  }
  return text.toString();
});
process.stdout.write(JSON.stringify(texts));
