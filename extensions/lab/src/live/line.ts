/**
 * The connection itself: opened, found dead, lost and opened again.
 *
 * It knows nothing of what is said over it.
 */

import { reconnectDelayMs } from './backoff';

/**
 * Longest wait for a socket to open. Browsers open one socket to a server at a time: one
 * that hangs in a dead network would keep the notebook's from coming back.
 */
export const OPEN_TIMEOUT_MS = 2_000;
/** Silence after which a connection on which an answer is due counts as dead. */
export const ACK_TIMEOUT_MS = 15_000;
/** The same, when there is a reason to doubt it: the network changed, or the page slept. */
export const DOUBT_MS = 4_000;

/** The part of a browser's WebSocket that is used here. */
export interface ISocket {
  onopen: (() => void) | null;
  onclose: ((event: IClosing) => void) | null;
  onmessage: ((message: { data: unknown }) => void) | null;
  send(text: string): void;
  close(): void;
}

/** How a connection ended; of one that only fell silent nothing is known. */
export interface IClosing {
  readonly code: number;
  readonly reason: string;
}

/** What a line needs from outside, and whom it tells. */
export interface ILineOptions {
  openSocket: () => ISocket;
  /** A number from 0 to 1, exclusive. */
  random: () => number;
  onOpen: () => void;
  onText: (text: string) => void;
  /** @returns Whether to come back. */
  onLost: (closing: IClosing | null) => boolean;
}

/** One connection after another, to the same room. */
export class Line {
  constructor(private readonly _options: ILineOptions) {}

  /** Whether there is a connection, be it still opening. */
  get isThere(): boolean {
    return this._socket !== null;
  }

  /** Open one, unless there is one. */
  connect(): void {
    if (this._isDisposed || this._socket !== null) {
      return;
    }
    clearTimeout(this._retryTimer);
    const socket = this._options.openSocket();
    this._socket = socket;
    this._giveUpAfter(OPEN_TIMEOUT_MS);
    socket.onopen = () => {
      this.expectAnswer(true);
      this._options.onOpen();
    };
    socket.onmessage = message => {
      this._options.onText(String(message.data));
    };
    socket.onclose = closing => {
      this._lost(socket, closing);
    };
  }

  /** Say something; without a connection nobody hears it. */
  send(text: string): void {
    this._socket?.send(text);
  }

  /** A connection can die without a close: silence while an answer is due says so. */
  expectAnswer(isDue: boolean): void {
    clearTimeout(this._timer);
    this._timer = undefined;
    if (isDue) {
      this._giveUpAfter(ACK_TIMEOUT_MS);
    }
  }

  /** Whether silence is being timed. */
  get isExpecting(): boolean {
    return this._timer !== undefined;
  }

  /** There is a reason to think that it is dead: wait no longer than for this. */
  doubt(): void {
    if (this._socket !== null) {
      this._giveUpAfter(DOUBT_MS);
    }
  }

  /** It does what it is there for: the next loss is a first one. */
  settled(): void {
    this._failures = 0;
  }

  /** Do not come back. */
  rest(): void {
    clearTimeout(this._retryTimer);
  }

  dispose(): void {
    this._isDisposed = true;
    clearTimeout(this._retryTimer);
    clearTimeout(this._timer);
    this._socket?.close();
  }

  private _giveUpAfter(delayMs: number): void {
    clearTimeout(this._timer);
    this._timer = setTimeout(() => {
      const socket = this._socket;
      if (socket !== null) {
        socket.close();
        this._lost(socket, null);
      }
    }, delayMs);
  }

  private _lost(socket: ISocket, closing: IClosing | null): void {
    socket.onopen = socket.onmessage = socket.onclose = null;
    if (this._isDisposed || socket !== this._socket) {
      return;
    }
    this.expectAnswer(false);
    this._socket = null;
    if (!this._options.onLost(closing)) {
      return;
    }
    const delay = reconnectDelayMs(this._failures, this._options.random());
    this._failures += 1;
    this._retryTimer = setTimeout(() => {
      this.connect();
    }, delay);
  }

  private _socket: ISocket | null = null;
  private _isDisposed = false;
  private _failures = 0;
  private _retryTimer: ReturnType<typeof setTimeout> | undefined;
  private _timer: ReturnType<typeof setTimeout> | undefined;
}
