/** A room's notebook in memory: y-protocols, saved, refused, and an unreliable network. */

import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';

import type { IDocumentSocket } from '../src/custody/line';
import { NotAdmitted } from '../src/custody/line';
import { Outbox } from '../src/custody/outbox';
import type { IKeptUpdate } from '../src/custody/outbox';
import type { ISession } from '../src/custody/provider';
import { RoomProvider } from '../src/custody/provider';
import { openStore } from '../src/kept/indexeddb';
import type { IStore } from '../src/kept/kept';
import { Kept } from '../src/kept/kept';

const ROOM = 'json:notebook:1';
/** That a browser keeps to one server. */
const CONNECTIONS = 6;

/** The page's end of a connection to a fake room. */
export class PageSocket implements IDocumentSocket {
  binaryType = 'blob';
  bufferedAmount = 0;
  onopen: (() => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onmessage: ((message: { data: unknown }) => void) | null = null;
  isClosed = false;
  /** Writes that the room heard over this connection. */
  writes = 0;

  constructor(readonly room: FakeRoom) {}

  send(bytes: Uint8Array): void {
    if (!this.isClosed) {
      this.room.take(this, bytes);
    }
  }

  close(): void {
    this.isClosed = true;
    this.room.sockets.delete(this);
  }

  /** What the room says arrives, unless the network swallows it. */
  hear(bytes: Uint8Array): void {
    if (!this.isClosed && !this.room.isSilent) {
      this.onmessage?.({ data: bytes.slice().buffer });
    }
  }
}

/** The room: its document is what is on its disk. */
export class FakeRoom {
  doc = new Y.Doc();
  readonly sockets = new Set<PageSocket>();
  /** Nothing listens at its address. */
  isAway = false;
  /** It lets nobody in. */
  isClosed = false;
  /** Messages vanish on the way, in both directions. */
  isSilent = false;
  /** Its disk is slow: it applies, and says nothing of being saved. */
  isSlow = false;
  /** It ends each connection with this code, before anything else. */
  closesWith: number | null = null;
  /** What it does not take. */
  refuses: (update: Uint8Array) => boolean = () => false;
  asked = 0;
  /** Questions without an answer; a browser has few connections for them. */
  openQuestions = 0;
  /** Questions that the network swallowed; their connections stay, and stay stuck. */
  private _stuck = 0;
  /** Every write that it heard, in order. */
  readonly heard: Uint8Array[] = [];
  /** Updates (not answers to a step 1) among them. */
  readonly updates: Uint8Array[] = [];

  askForSession(signal: AbortSignal): Promise<ISession> {
    this.asked += 1;
    if (this.isClosed) {
      return Promise.reject(new NotAdmitted('403'));
    }
    if (this.isSilent || this._stuck >= CONNECTIONS) {
      this._stuck += 1;
      this.openQuestions += 1;
      return new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          this.openQuestions -= 1;
          reject(new Error('aborted'));
        });
      });
    }
    return this.isAway
      ? Promise.reject(new Error('nobody answers'))
      : Promise.resolve({ room: ROOM, id: 'session' });
  }

  openSocket(): PageSocket {
    const socket = new PageSocket(this);
    this._reach(socket, Date.now());
    return socket;
  }

  /** As TCP does: when nobody answers, once more each second, and after five less often. */
  private _reach(socket: PageSocket, sinceMs: number): void {
    if (this.isSilent) {
      const passedMs = Date.now() - sinceMs;
      const waitMs = passedMs < 5_000 ? 1_000 : passedMs - 3_000;
      setTimeout(() => {
        if (!socket.isClosed) {
          this._reach(socket, sinceMs);
        }
      }, waitMs);
      return;
    }
    queueMicrotask(() => {
      if (!socket.isClosed) {
        this._greet(socket);
      }
    });
  }

  private _greet(socket: PageSocket): void {
    this.sockets.add(socket);
    if (this.isAway) {
      this.drop();
      return;
    }
    socket.onopen?.();
    if (this.closesWith !== null) {
      this.drop(this.closesWith, String(this.closesWith));
    }
    const step1 = message(0, 0, Y.encodeStateVector(this.doc));
    queueMicrotask(() => {
      socket.hear(step1);
    });
  }

  /** Connections end, as by a crash. */
  drop(code = 1006, reason = ''): void {
    for (const socket of [...this.sockets]) {
      this.sockets.delete(socket);
      socket.isClosed = true;
      socket.onclose?.({ code, reason });
    }
  }

  /** Killed and started again: it opens from what is on its disk. */
  restart(): void {
    const state = Y.encodeStateAsUpdate(this.doc);
    this.drop();
    this.doc = new Y.Doc();
    Y.applyUpdate(this.doc, state);
  }

  take(socket: PageSocket, bytes: Uint8Array): void {
    if (this.isSilent) {
      return;
    }
    const decoder = decoding.createDecoder(bytes);
    const kind = decoding.readVarUint(decoder);
    if (kind === 1) {
      queueMicrotask(() => {
        socket.hear(bytes); // awareness comes back to its sender too
      });
    } else if (kind === 0) {
      const step = decoding.readVarUint(decoder);
      const body = decoding.readVarUint8Array(decoder);
      if (step === 0) {
        const answer = message(0, 1, Y.encodeStateAsUpdate(this.doc, body));
        queueMicrotask(() => {
          socket.hear(answer);
        });
      } else {
        this._write(socket, step, body.slice());
      }
    }
  }

  private _write(socket: PageSocket, step: number, update: Uint8Array): void {
    socket.writes += 1;
    this.heard.push(update);
    if (step === 2) {
      this.updates.push(update);
    }
    const number = socket.writes;
    if (this.refuses(update) || leavesPending(this.doc, update)) {
      const problem = JSON.stringify({
        status: 403,
        detail: 'not yours',
        write: number
      });
      socket.hear(
        encoding.encode(encoder => {
          encoding.writeVarUint(encoder, 101);
          encoding.writeVarString(encoder, problem);
        })
      );
      this.sockets.delete(socket);
      socket.onclose?.({ code: 1008, reason: 'refused' });
      return;
    }
    Y.applyUpdate(this.doc, update);
    if (!this.isSlow) {
      socket.hear(
        encoding.encode(encoder => {
          encoding.writeVarUint(encoder, 100);
          encoding.writeVarUint(encoder, number);
        })
      );
    }
    for (const each of this.sockets) {
      if (each !== socket) {
        each.hear(message(0, 2, update));
      }
    }
  }
}

function leavesPending(doc: Y.Doc, update: Uint8Array): boolean {
  const copy = new Y.Doc();
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc));
  Y.applyUpdate(copy, update);
  return copy.store.pendingStructs !== null || copy.store.pendingDs !== null;
}

function message(kind: number, step: number, body: Uint8Array): Uint8Array {
  return encoding.encode(encoder => {
    encoding.writeVarUint(encoder, kind);
    encoding.writeVarUint(encoder, step);
    encoding.writeVarUint8Array(encoder, body);
  });
}

/** One load of a page: its document, and its provider. */
export interface IPage {
  doc: Y.Doc;
  text: Y.Text;
  kept: Kept<IKeptUpdate>;
  provider: RoomProvider;
}

/** Load the page; what earlier loads left in `store` is there again. */
export async function loadPage(
  room: FakeRoom,
  store: IDBFactory | IStore<IKeptUpdate> | null,
  changes: { isReader?: boolean } = {}
): Promise<IPage> {
  const opened =
    store !== null && 'open' in store
      ? await openStore<IKeptUpdate>(store, 'me')
      : store;
  const kept = new Kept<IKeptUpdate>(opened);
  await kept.load();
  const doc = new Y.Doc();
  const provider = new RoomProvider({
    doc,
    awareness: new Awareness(doc),
    contentType: 'notebook',
    format: 'json',
    openOutbox: () => Promise.resolve(new Outbox(kept)),
    isReader: () => changes.isReader ?? false,
    askForSession: signal => room.askForSession(signal),
    openSocket: () => room.openSocket(),
    nowMs: () => Date.now(),
    random: () => 0.5
  });
  return { doc, text: doc.getText('answer'), kept, provider };
}

/** The page crashes: nobody tells the room, and nothing more is sent. */
export function crash({ provider, doc }: IPage): void {
  doc.destroy();
  provider.dispose();
}
