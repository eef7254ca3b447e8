/**
 * The page's end of the shared notebook.
 *
 * It does what jupyter-collaboration's own provider does for JupyterLab, over one socket,
 * and keeps custody beside it: what this page writes waits in the outbox until the room
 * has it on disk, and is sent again, in order, after a loss or a reload.
 */

import type { IDocumentProvider } from '@jupyter/collaborative-drive';
import type { IForkProvider } from '@jupyter/docprovider';
import { PromiseDelegate } from '@lumino/coreutils';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';
import type { Awareness } from 'y-protocols/awareness';
import { applyAwarenessUpdate, removeAwarenessStates } from 'y-protocols/awareness';
import * as Y from 'yjs';

import type { IDocumentSocket } from './line';
import { Line } from './line';
import {
  awarenessMessage,
  parsed,
  readMessage,
  saveMessage,
  step1Message,
  step2Message,
  updateMessage
} from './messages';
import type { Outbox } from './outbox';
import { insertedText } from './refusal';

/** Messages sent in one go, and bytes that may wait in the browser meanwhile. */
const SLICE = 200;
const MAX_BUFFERED_BYTES = 1024 * 1024;
const BUFFERED_WAIT_MS = 20;

/** Where the document is opened: `format:type:id`, and the session to open it under. */
export interface ISession {
  readonly room: string;
  readonly id: string;
}

/** What the room did not take. */
export interface IRefusal {
  /** Why, in the room's words; may be empty. */
  readonly detail: string;
  /** The text that this page cannot save. */
  readonly text: string;
}

/** What a provider needs from outside. */
export interface IRoomProviderOptions {
  doc: Y.Doc;
  awareness: Awareness;
  contentType: string;
  format: string;
  /** What this person wrote and the room has not saved, from earlier loads too. */
  openOutbox: () => Promise<Outbox>;
  /** Whether this person only looks: nothing is sent then. */
  isReader: () => boolean;
  askForSession: (signal: AbortSignal) => Promise<ISession>;
  openSocket: (session: ISession) => IDocumentSocket;
  nowMs: () => number;
  /** A number from 0 to 1, exclusive. */
  random: () => number;
}

/** The page's end of the room's notebook. */
export class RoomProvider implements IDocumentProvider, IForkProvider {
  constructor(private readonly _options: IRoomProviderOptions) {
    const { doc, awareness } = _options;
    doc.on('update', this._keep);
    awareness.on('update', this._tellAwareness);
    this._line = new Line({
      askForSession: async signal => {
        this._session = await _options.askForSession(signal);
        return this._session.id;
      },
      openSocket: id => _options.openSocket({ room: this._session?.room ?? '', id }),
      nowMs: _options.nowMs,
      random: _options.random,
      opened: () => {
        this._opened();
      },
      heard: bytes => {
        this._hear(bytes);
      },
      lost: (code, reason) => {
        this._lost(code, reason);
      },
      probe: () => {
        this._line.send(awarenessMessage(awareness, [doc.clientID]));
      },
      isWaiting: () => this._outbox !== null && this._outbox.unsaved > 0
    });
    void this._start();
  }

  /** Resolves when the notebook is here, with what earlier loads of this page typed. */
  get ready(): Promise<void> {
    return this._ready.promise;
  }

  get contentType(): string {
    return this._options.contentType;
  }

  get format(): string {
    return this._options.format;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Whether the notebook was here at least once. */
  get hasSynced(): boolean {
    return this._hasSynced;
  }

  /** Whether the room is reached, and has told what it holds. */
  get isOnline(): boolean {
    return this._isOnline;
  }

  /** How many updates of this page the room has not saved. */
  get unsaved(): number {
    return this._outbox?.unsaved ?? this._early.length;
  }

  /** Whether they would survive a reload. */
  get survives(): boolean {
    return this._outbox?.survives ?? false;
  }

  /** What the room did not take; after that nothing more is sent. */
  get refusal(): IRefusal | null {
    return this._refusal;
  }

  /** One of the above changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** The network came back, or the page woke up. */
  check(): void {
    this._line.check();
  }

  /** Resolves when the browser's database is up to date. */
  async flushed(): Promise<void> {
    await this._outbox?.flushed();
  }

  reconnect(): Promise<void> {
    this._line.reconnect();
    return Promise.resolve();
  }

  connectToForkDoc(): Promise<void> {
    return Promise.reject(new Error('The notebook of a room has no forks.'));
  }

  /** Have the room write the notebook's file. Without the room, it waits for it. */
  save(): Promise<void> {
    if (this._isDisposed || this._refusal !== null) {
      return Promise.resolve(); // nobody can do anything about it now
    }
    const delegate = new PromiseDelegate<void>();
    this._lastSave += 1;
    this._saves.set(this._lastSave, delegate);
    if (this._isOnline) {
      this._line.send(saveMessage(this._lastSave));
    }
    return delegate.promise;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this.leave();
    this._line.stop();
    this._isOnline = false;
    this._options.doc.off('update', this._keep);
    this._options.awareness.off('update', this._tellAwareness);
    this._endSaves();
    this._changed.emit();
    Signal.clearData(this);
  }

  /** Tell the others that this page's cursor is gone. */
  leave(): void {
    const { awareness, doc } = this._options;
    if (this._line.isOpen) {
      removeAwarenessStates(awareness, [doc.clientID], 'leaving');
    }
  }

  private async _start(): Promise<void> {
    const outbox = await this._options.openOutbox();
    if (this._isDisposed) {
      return;
    }
    this._earlier = outbox.updates();
    for (const update of this._options.isReader() ? [] : this._early) {
      outbox.add(update);
    }
    this._early = [];
    this._outbox = outbox;
    this._line.start();
  }

  private readonly _keep = (update: Uint8Array, origin: unknown): void => {
    if (origin === this || this._refusal !== null || this._options.isReader()) {
      return;
    }
    if (this._outbox === null) {
      this._early.push(update);
    } else {
      this._outbox.add(update);
      if (this._isAnswered) {
        this._pump();
      }
    }
    this._changed.emit();
  };

  private readonly _tellAwareness = (
    { added, updated, removed }: Record<'added' | 'updated' | 'removed', number[]>,
    origin: unknown
  ): void => {
    if (origin !== this && this._line.isOpen) {
      const clients = [...added, ...updated, ...removed];
      this._line.send(awarenessMessage(this._options.awareness, clients));
    }
  };

  private _opened(): void {
    const { awareness, doc } = this._options;
    this._outbox?.begin();
    this._line.send(step1Message(doc));
    if (awareness.getLocalState() !== null) {
      this._line.send(awarenessMessage(awareness, [doc.clientID]));
    }
  }

  private _hear(bytes: Uint8Array): void {
    const message = readMessage(bytes);
    switch (message?.type) {
      case 'step1':
        this._room = Y.decodeStateVector(message.vector);
        this._pump();
        break;
      case 'step2':
        Y.applyUpdate(this._options.doc, message.update, this);
        this._synced();
        break;
      case 'update':
        Y.applyUpdate(this._options.doc, message.update, this);
        break;
      case 'awareness':
        applyAwarenessUpdate(this._options.awareness, message.update, this);
        break;
      case 'saved':
        this._outbox?.saved(message.writes);
        this._changed.emit();
        break;
      case 'refused':
        this._refused(message.write, message.detail);
        break;
      case 'raw':
        this._hearRaw(message.body);
        break;
    }
  }

  private _hearRaw(body: unknown): void {
    const { type, responseTo, status } = (body ?? {}) as Record<string, unknown>;
    if (type === 'save' && typeof responseTo === 'number') {
      const delegate = this._saves.get(responseTo);
      this._saves.delete(responseTo);
      if (status === 'failed') {
        delegate?.reject(new Error('The room could not write the notebook’s file.'));
      } else {
        delegate?.resolve(); // written, or being written
      }
    } else if (type === 'conflict') {
      this._refused(null, '');
    }
  }

  /** Send what waits, a slice at a time, and at last answer the room's step 1. */
  private _pump(): void {
    clearTimeout(this._pumpTimer);
    const outbox = this._outbox;
    if (outbox === null || !this._line.isOpen || this._refusal !== null) {
      return;
    }
    for (let sent = 0; sent < SLICE; sent += 1) {
      const update = outbox.next();
      if (update === null) {
        this._answer(outbox);
        return;
      }
      this._line.send(updateMessage(update));
      this._noteSent(update);
    }
    const delay = this._line.bufferedAmount > MAX_BUFFERED_BYTES ? BUFFERED_WAIT_MS : 0;
    this._pumpTimer = setTimeout(() => {
      this._pump();
    }, delay);
  }

  private _noteSent(update: Uint8Array): void {
    if (this._room !== null) {
      const { from, to } = Y.parseUpdateMeta(update);
      for (const [client, end] of to) {
        const known = this._room.get(client) ?? 0;
        if ((from.get(client) ?? 0) <= known) {
          this._room.set(client, Math.max(known, end));
        }
      }
    }
  }

  private _answer(outbox: Outbox): void {
    if (this._room === null) {
      return;
    }
    if (!this._options.isReader()) {
      const vector = Y.encodeStateVector(this._room);
      const lacking = Y.encodeStateAsUpdate(this._options.doc, vector);
      outbox.countAnswer(lacking);
      this._line.send(step2Message(lacking));
    }
    this._room = null;
    this._isAnswered = true;
    this._changed.emit();
  }

  private _synced(): void {
    const { doc } = this._options;
    this._line.established();
    if (!this._hasSynced) {
      this._hasSynced = true;
      doc.transact(() => {
        for (const update of this._earlier) {
          Y.applyUpdate(doc, update, this);
        }
      }, this);
      this._earlier = [];
      const state = doc.getMap('state');
      const id = this._session?.room ?? '';
      if (!this._options.isReader() && state.get('document_id') !== id) {
        state.set('document_id', id);
      }
      this._ready.resolve();
    }
    if (!this._isOnline) {
      this._isOnline = true;
      for (const save of this._saves.keys()) {
        this._line.send(saveMessage(save));
      }
    }
    this._changed.emit();
  }

  private _lost(code: number, reason: string): void {
    const { awareness, doc } = this._options;
    clearTimeout(this._pumpTimer);
    const tooLarge = code === TOO_BIG || reasonOf(reason) === 'too_large';
    if (tooLarge) {
      this._refused(this._outbox?.largest() ?? null, '');
    }
    this._outbox?.begin();
    this._isOnline = this._isAnswered = false;
    this._room = null;
    const others = [...awareness.getStates().keys()].filter(id => id !== doc.clientID);
    removeAwarenessStates(awareness, others, this);
    if (code === NOT_FOUND || code === BAD_REQUEST) {
      this._line.stop();
      this._ready.reject(new Error(reason));
    }
    this._changed.emit();
  }

  private _refused(write: number | null, detail: string): void {
    if (this._refusal !== null || this._outbox === null) {
      return;
    }
    const updates = this._outbox.refuse(write);
    this._refusal = { detail, text: insertedText(updates) };
    this._line.stop();
    this._isOnline = false;
    this._endSaves();
    this._changed.emit();
  }

  private _endSaves(): void {
    for (const delegate of this._saves.values()) {
      delegate.resolve();
    }
    this._saves.clear();
  }

  private readonly _line: Line;
  private readonly _ready = new PromiseDelegate<void>();
  private readonly _changed = new Signal<this, void>(this);
  private readonly _saves = new Map<number, PromiseDelegate<void>>();
  private _lastSave = 0;
  private _isDisposed = false;
  private _hasSynced = false;
  private _isOnline = false;
  private _isAnswered = false;
  private _refusal: IRefusal | null = null;
  private _session: ISession | null = null;
  private _outbox: Outbox | null = null;
  /** Written before the outbox was there. */
  private _early: Uint8Array[] = [];
  /** Typed on earlier loads of this page, not yet in this one's document. */
  private _earlier: Uint8Array[] = [];
  /** What the room has, while its step 1 waits for an answer. */
  private _room: Map<number, number> | null = null;
  private _pumpTimer: ReturnType<typeof setTimeout> | undefined;
}

// Codes of closing a websocket: the standard's own, and jupyter-collaboration's.
const TOO_BIG = 1009;
const BAD_REQUEST = 4400;
const NOT_FOUND = 4404;

function reasonOf(reason: string): unknown {
  return (parsed(reason) as { reason?: unknown } | null)?.reason;
}
