import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import * as Y from 'yjs';

import { Arrivals } from '../src/custody/arrivals';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** The updates of somebody who types, key by key. */
function typed(text: string): Uint8Array[] {
  const doc = new Y.Doc();
  const updates: Uint8Array[] = [];
  doc.on('update', (update: Uint8Array) => updates.push(update));
  for (const key of text) {
    doc.getText('t').insert(doc.getText('t').length, key);
  }
  return updates;
}

function page(): { text: Y.Text; arrivals: Arrivals; changes: unknown[] } {
  const doc = new Y.Doc();
  const changes: unknown[] = [];
  doc.on('update', (_update, origin) => changes.push(origin));
  return { text: doc.getText('t'), arrivals: new Arrivals(doc, 'room'), changes };
}

it('applies one that comes alone at once', () => {
  const { text, arrivals, changes } = page();
  arrivals.take(typed('a')[0]);
  expect(text.toJSON()).toBe('a');
  expect(changes).toEqual(['room']);
});

it('applies what follows within a frame together', () => {
  const { text, arrivals, changes } = page();
  for (const update of typed('x'.repeat(500))) {
    arrivals.take(update);
  }
  expect(text.length).toBe(1);
  vi.runAllTimers();
  expect(text.length).toBe(500);
  expect(changes).toEqual(['room', 'room']);
});

it('applies what waits when somebody needs it now', () => {
  const { text, arrivals } = page();
  for (const update of typed('abc')) {
    arrivals.take(update);
  }
  arrivals.flush();
  expect(text.toJSON()).toBe('abc');
  vi.runAllTimers();
  expect(text.toJSON()).toBe('abc');
});

it('applies nothing more once it is disposed', () => {
  const { text, arrivals } = page();
  for (const update of typed('abc')) {
    arrivals.take(update);
  }
  arrivals.dispose();
  vi.runAllTimers();
  expect(text.toJSON()).toBe('a');
});
