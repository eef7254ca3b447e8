/** Carries what waits in the outbox to the room, over one connection after the other. */

import * as Y from 'yjs';

import type { Line } from './line';
import { step2Message, updateMessage } from './messages';
import type { Outbox } from './outbox';

/** Messages sent in one go, and bytes that may wait in the browser meanwhile. */
const SLICE = 200;
const MAX_BUFFERED_BYTES = 1024 * 1024;
const BUFFERED_WAIT_MS = 20;

/**
 * Sends what was kept, one message an update, then what the room lacks besides, and from
 * then on each update as it is made. It goes in slices: a page with much to send stays
 * one that can be typed in.
 */
export class Courier {
  constructor(
    private readonly _doc: Y.Doc,
    private readonly _outbox: Outbox,
    private readonly _line: Line
  ) {}

  /** The connection is lost, or new. */
  begin(): void {
    clearTimeout(this._timer);
    this._outbox.begin();
    this._roomHas = null;
    this._isUnderWay = false;
  }

  /** The room said what it has: send what waits, and then what else it lacks. */
  answer(vector: Uint8Array): void {
    this._roomHas = Y.decodeStateVector(vector);
    this._isUnderWay = true;
    this._sendSlice();
  }

  /** Something new is in the outbox. */
  pump(): void {
    // Before the room's step 1, and between two slices, it waits for its turn.
    if (this._isUnderWay && this._roomHas === null) {
      this._sendSlice();
    }
  }

  private _sendSlice(): void {
    for (let sent = 0; sent < SLICE; sent += 1) {
      const update = this._outbox.next();
      if (update === null) {
        this._sendLacking();
        return;
      }
      this._line.send(updateMessage(update));
      this._note(update);
    }
    const delay = this._line.bufferedAmount > MAX_BUFFERED_BYTES ? BUFFERED_WAIT_MS : 0;
    this._timer = setTimeout(() => {
      this._sendSlice();
    }, delay);
  }

  /** The room will have this much more. */
  private _note(update: Uint8Array): void {
    if (this._roomHas === null) {
      return;
    }
    const { from, to } = Y.parseUpdateMeta(update);
    for (const [client, end] of to) {
      const known = this._roomHas.get(client) ?? 0;
      if ((from.get(client) ?? 0) <= known) {
        this._roomHas.set(client, Math.max(known, end));
      }
    }
  }

  private _sendLacking(): void {
    if (this._roomHas !== null) {
      const vector = Y.encodeStateVector(this._roomHas);
      this._roomHas = null;
      const update = Y.encodeStateAsUpdate(this._doc, vector);
      this._outbox.countAnswer(update);
      this._line.send(step2Message(update));
    }
  }

  /** What the room has, until it got what it lacks. */
  private _roomHas: Map<number, number> | null = null;
  private _isUnderWay = false;
  private _timer: ReturnType<typeof setTimeout> | undefined;
}
