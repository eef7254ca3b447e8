/**
 * The messages between a page and the shared notebook's room: y-protocols, JupyterLab's
 * raw ones, and the room's two answers to what a page wrote.
 */

import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import type { Awareness } from 'y-protocols/awareness';
import { encodeAwarenessUpdate } from 'y-protocols/awareness';
import * as Y from 'yjs';

const SYNC = 0;
const AWARENESS = 1;
const RAW = 2;
const SAVED = 100;
const REFUSED = 101;

const STEP1 = 0;
const STEP2 = 1;
const UPDATE = 2;

/** What the room says. */
export type RoomMessage =
  | { type: 'step1'; vector: Uint8Array }
  | { type: 'step2' | 'update' | 'awareness'; update: Uint8Array }
  | { type: 'raw'; body: unknown }
  | { type: 'saved'; writes: number }
  | { type: 'refused'; detail: string; write: number | null };

/** Read one message; null for a kind that this page does not know. */
export function readMessage(bytes: Uint8Array): RoomMessage | null {
  const decoder = decoding.createDecoder(bytes);
  switch (decoding.readVarUint(decoder)) {
    case SYNC:
      return readSync(decoder);
    case AWARENESS:
      return { type: 'awareness', update: decoding.readVarUint8Array(decoder) };
    case RAW:
      return { type: 'raw', body: parsed(decoding.readVarString(decoder)) };
    case SAVED:
      return { type: 'saved', writes: decoding.readVarUint(decoder) };
    case REFUSED:
      return readRefused(parsed(decoding.readVarString(decoder)));
    default:
      return null;
  }
}

function readSync(decoder: decoding.Decoder): RoomMessage | null {
  switch (decoding.readVarUint(decoder)) {
    case STEP1:
      return { type: 'step1', vector: decoding.readVarUint8Array(decoder) };
    case STEP2:
      return { type: 'step2', update: decoding.readVarUint8Array(decoder) };
    case UPDATE:
      return { type: 'update', update: decoding.readVarUint8Array(decoder) };
    default:
      return null;
  }
}

function readRefused(problem: unknown): RoomMessage {
  const { detail, write } = (problem ?? {}) as { detail?: unknown; write?: unknown };
  return {
    type: 'refused',
    detail: typeof detail === 'string' ? detail : '',
    write: typeof write === 'number' ? write : null
  };
}

/** A text that should be JSON. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Ask the room for what this page lacks. */
export function step1Message(doc: Y.Doc): Uint8Array {
  return syncMessage(STEP1, Y.encodeStateVector(doc));
}

/** Tell the room what it lacks. This is a write. */
export function step2Message(update: Uint8Array): Uint8Array {
  return syncMessage(STEP2, update);
}

/** Tell the room of one change. This is a write. */
export function updateMessage(update: Uint8Array): Uint8Array {
  return syncMessage(UPDATE, update);
}

function syncMessage(kind: number, body: Uint8Array): Uint8Array {
  return encoding.encode(encoder => {
    encoding.writeVarUint(encoder, SYNC);
    encoding.writeVarUint(encoder, kind);
    encoding.writeVarUint8Array(encoder, body);
  });
}

/** Tell where these clients' cursors are. The room sends it back to this page too. */
export function awarenessMessage(
  awareness: Awareness,
  clients: readonly number[]
): Uint8Array {
  return encoding.encode(encoder => {
    encoding.writeVarUint(encoder, AWARENESS);
    encoding.writeVarUint8Array(
      encoder,
      encodeAwarenessUpdate(awareness, [...clients])
    );
  });
}

/** Ask the room to write the notebook's file; it answers under the same id. */
export function saveMessage(id: number): Uint8Array {
  return encoding.encode(encoder => {
    encoding.writeVarUint(encoder, RAW);
    encoding.writeVarString(encoder, 'save');
    encoding.writeVarUint(encoder, id);
  });
}
