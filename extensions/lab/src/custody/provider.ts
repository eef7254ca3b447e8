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

import { Arrivals } from './arrivals';
import { Courier } from './courier';
import type { IDocumentSocket } from './line';
import { Line } from './line';
import {
  awarenessMessage,
  parsed,
  readMessage,
  saveMessage,
  step1Message
} from './messages';
import type { Outbox } from './outbox';
import { insertedText } from './refusal';
import { Saves } from './saves';

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
    this._arrivals = new Arrivals(doc, this);
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
      unanswered: () => this._outbox?.bytesOnTheirWay ?? 0
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

  /** The text of these updates. */
  unsavedText(): string {
    return insertedText(this._outbox?.updates() ?? this._early);
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
    const { id, done } = this._saves.begin();
    if (this._isOnline) {
      this._line.send(saveMessage(id));
    }
    return done;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this.leave();
    this._line.stop();
    this._arrivals.dispose();
    this._courier?.begin();
    this._isOnline = false;
    this._options.doc.off('update', this._keep);
    this._options.awareness.off('update', this._tellAwareness);
    this._saves.end();
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
    this._courier = new Courier(this._options.doc, outbox, this._line);
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
    }
    this._changed.emit();
    this._courier?.pump();
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
    this._courier?.begin();
    this._line.send(step1Message(doc));
    if (awareness.getLocalState() !== null) {
      this._line.send(awarenessMessage(awareness, [doc.clientID]));
    }
  }

  private _hear(bytes: Uint8Array): void {
    const message = readMessage(bytes);
    switch (message?.type) {
      case 'step1':
        if (!this._options.isReader()) {
          this._courier?.answer(message.vector);
          this._changed.emit();
        }
        break;
      case 'step2':
        this._arrivals.flush();
        Y.applyUpdate(this._options.doc, message.update, this);
        this._synced();
        break;
      case 'update':
        this._arrivals.take(message.update);
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
      this._saves.answer(responseTo, status);
    } else if (type === 'conflict') {
      this._refused(null, '');
    }
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
      for (const save of this._saves.waiting) {
        this._line.send(saveMessage(save));
      }
    }
    this._changed.emit();
  }

  private _lost(code: number, reason: string): void {
    this._arrivals.flush();
    const { awareness, doc } = this._options;
    const isTooLarge = code === TOO_BIG || reasonOf(reason) === 'too_large';
    // The room's words may be lost on the way: it stops reading in the middle of a message.
    const atLeast = isTooLarge ? 0 : MAX_UPDATE_BYTES;
    const largest = this._outbox?.largest(atLeast) ?? null;
    if (largest !== null) {
      this._refused(largest, ''); // it would end each connection anew
    }
    this._courier?.begin();
    this._isOnline = false;
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
    this._courier?.begin();
    this._isOnline = false;
    this._saves.end();
    this._changed.emit();
  }

  private readonly _arrivals: Arrivals;
  private readonly _line: Line;
  private readonly _ready = new PromiseDelegate<void>();
  private readonly _changed = new Signal<this, void>(this);
  private readonly _saves = new Saves();
  private _isDisposed = false;
  private _hasSynced = false;
  private _isOnline = false;
  private _refusal: IRefusal | null = null;
  private _session: ISession | null = null;
  private _outbox: Outbox | null = null;
  private _courier: Courier | null = null;
  /** Written before the outbox was there. */
  private _early: Uint8Array[] = [];
  /** Typed on earlier loads of this page, not yet in this one's document. */
  private _earlier: Uint8Array[] = [];
}

/** An update of so many bytes, with what goes around it, is more than the room takes. */
const MAX_UPDATE_BYTES = 8 * 1024 * 1024 - 16;

// Codes of closing a websocket: the standard's own, and jupyter-collaboration's.
const TOO_BIG = 1009;
const BAD_REQUEST = 4400;
const NOT_FOUND = 4404;

function reasonOf(reason: string): unknown {
  return (parsed(reason) as { reason?: unknown } | null)?.reason;
}
