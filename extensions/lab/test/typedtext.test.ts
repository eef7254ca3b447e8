import type { ISharedNotebook } from '@jupyter/ydoc';
import { beforeEach, describe, expect, it } from 'vitest';
import * as Y from 'yjs';

import { followText } from '../src/focus/typedtext';

let doc: Y.Doc;
let told: unknown[][];

function cells(): Y.Array<Y.Map<unknown>> {
  return doc.getArray('cells');
}

function addCell(id: string, source: string): void {
  const cell = new Y.Map<unknown>();
  cell.set('id', id);
  cell.set('source', new Y.Text(source));
  cell.set('metadata', new Y.Map());
  cells().push([cell]);
}

function source(index = 0): Y.Text {
  return cells().get(index).get('source') as Y.Text;
}

beforeEach(() => {
  doc = new Y.Doc();
  told = [];
  addCell('one', 'x = 1');
  const notebook = { ydoc: doc } as unknown as ISharedNotebook;
  followText(notebook, (...text) => told.push(text));
});

describe('text that came in from this page', () => {
  it('is told with its cell, and the editor by its binding', () => {
    doc.transact(
      () => {
        source().insert(0, 'import os\n');
      },
      { ytext: source() }
    );
    expect(told).toEqual([[10, 'editor', 'one']]);
  });

  it('is the program’s where no editor brought it', () => {
    doc.transact(() => {
      source().delete(0, 5);
      source().insert(0, 'y = 22');
    });
    expect(told).toEqual([[6, 'program', 'one']]);
  });

  it('is history’s by undo', () => {
    const origin = { ytext: source() };
    const undo = new Y.UndoManager(source(), { trackedOrigins: new Set([origin]) });
    doc.transact(() => {
      source().delete(0, 3);
    }, origin);
    undo.undo();
    expect(told).toEqual([
      [0, 'editor', 'one'],
      [3, 'history', 'one']
    ]);
  });

  it('is counted in characters, as the room does', () => {
    source().insert(0, '📈é');
    expect(told).toEqual([[2, 'program', 'one']]);
  });

  it('is not what others write, nor a new cell, nor metadata', () => {
    const other = new Y.Doc();
    Y.applyUpdate(other, Y.encodeStateAsUpdate(doc));
    (other.getArray<Y.Map<Y.Text>>('cells').get(0).get('source') as Y.Text).insert(
      0,
      'theirs'
    );
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(other));
    addCell('two', 'a whole cell');
    (cells().get(0).get('metadata') as Y.Map<unknown>).set('tags', ['x']);
    expect(told).toEqual([]);
  });
});
