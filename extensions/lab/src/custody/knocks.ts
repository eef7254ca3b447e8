/**
 * Reaches for a room of which nothing is heard, by opening sockets.
 *
 * When a network swallows everything, requests do not tell when it is back: a browser keeps
 * at most six connections to a server, each lets more and more time pass between its tries
 * (seconds, then minutes), and a new request waits for one of them. A socket has a
 * connection of its own, which tries each second for the first five.
 */

import type { IDocumentSocket } from './line';

/**
 * Chromium lets one socket at a time connect to a server, and holds the next one up for a
 * moment, the longer the more have failed. So a second one is always there: it has been
 * held up when its turn comes.
 */
const SOCKETS = 2;
const TURN_MS = 5_000;

/** Sockets that try to open, until one does. */
export class Knocks {
  /**
   * @param open - Begin to open a socket.
   * @param opened - Told the one that opened; the others are closed then.
   */
  constructor(
    private readonly _open: () => IDocumentSocket,
    private readonly _opened: (socket: IDocumentSocket) => void
  ) {}

  /** Whether it is at it. */
  get isOn(): boolean {
    return this._timer !== undefined;
  }

  /** Begin, or begin anew: something says that the network may be back. */
  begin(): void {
    this.end();
    this._knock();
    this._timer = setInterval(() => {
      this._knock();
    }, TURN_MS);
  }

  /** Close what has not opened. */
  end(): void {
    clearInterval(this._timer);
    this._timer = undefined;
    while (this._sockets.length > 0) {
      this._close();
    }
  }

  private _knock(): void {
    this._close();
    while (this._sockets.length < SOCKETS) {
      this._sockets.push(this._reach());
    }
  }

  private _reach(): IDocumentSocket {
    const socket = this._open();
    socket.onopen = () => {
      letGo(socket);
      this._sockets = this._sockets.filter(each => each !== socket);
      this.end();
      this._opened(socket);
    };
    return socket;
  }

  private _close(): void {
    const oldest = this._sockets.shift();
    if (oldest !== undefined) {
      letGo(oldest);
      oldest.close();
    }
  }

  private _sockets: IDocumentSocket[] = [];
  private _timer: ReturnType<typeof setInterval> | undefined;
}

/** Hear nothing of this socket any more. */
export function letGo(socket: IDocumentSocket): void {
  socket.onopen = socket.onmessage = socket.onclose = null;
}
