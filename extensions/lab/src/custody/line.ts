/**
 * A connection to the room that comes back at once.
 *
 * While there is none, it asks the room for a session, again soon after each failure, and
 * the answer opens the socket. When no answer comes at all, it also knocks with sockets of
 * the last session. While there is a connection, silence is answered by a probe, and
 * silence after that ends it. It knows nothing of what goes over it.
 */

import { reconnectDelayMs } from '../live/backoff';
import { Knocks, letGo } from './knocks';

/** After a failure; the first tries come quicker. */
const RETRY = { firstMs: 300, longestMs: 800 };
/** Without an answer it asks again; the answer to the question before is taken as well. */
const UNANSWERED_MS = 6_000;
const OPEN_QUESTIONS = 2;
/** A room that is there answers sooner. */
const KNOCK_AFTER_MS = 400;
/** The room has just answered, so its socket opens soon, or it loads a long notebook. */
const HANDSHAKE_MS = 8_000;
const TICK_MS = 1_000;
/** Silence that calls for a probe; shorter while an answer is due. */
const QUIET_MS = 10_000;
const QUIET_WAITING_MS = 3_000;
/** A tick that comes so late means that the page was asleep. */
const SLEPT_MS = 5_000;
/** Silence after a probe; shorter when there is a reason to doubt the connection. */
const ECHO_MS = 3_000;
const DOUBTFUL_ECHO_MS = 1_500;
/** A probe comes after what is on its way, on a slow uplink (0.8 Mbit/s) so much later. */
const SLOW_BYTES_PER_MS = 100;

/** The part of a browser's WebSocket that is used here. */
export interface IDocumentSocket {
  binaryType: string;
  readonly bufferedAmount: number;
  onopen: (() => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  onmessage: ((message: { data: unknown }) => void) | null;
  send(bytes: Uint8Array<ArrayBuffer>): void;
  close(): void;
}

/** The room answered, but does not let this page in; it is asked again, less often. */
export class NotAdmitted extends Error {}

/** What a line needs from outside, and whom it tells. */
export interface ILineOptions {
  /** Get a session; rejects with `NotAdmitted` when the room refuses one. */
  askForSession: (signal: AbortSignal) => Promise<string>;
  /** Begin to open the socket of this session. */
  openSocket: (session: string) => IDocumentSocket;
  /** The time of the clock on the wall: it goes on while the computer sleeps. */
  nowMs: () => number;
  /** A number from 0 to 1, exclusive. */
  random: () => number;
  opened: () => void;
  heard: (bytes: Uint8Array) => void;
  lost: (code: number, reason: string) => void;
  /** Send something cheap that the room answers. */
  probe: () => void;
  /** How many bytes the room has not answered yet. */
  unanswered: () => number;
}

/** Of a connection that this page gave up by itself. */
const GONE = 1006;

/** A connection that comes back. */
export class Line {
  constructor(private readonly _options: ILineOptions) {
    this._knocks = new Knocks(
      () => this._options.openSocket(this._session ?? ''),
      socket => {
        this._stopAsking();
        this._take(socket);
        this._begin();
      }
    );
  }

  get isOpen(): boolean {
    return this._isOpen;
  }

  /** Bytes that the browser has not sent yet. */
  get bufferedAmount(): number {
    return this._socket?.bufferedAmount ?? 0;
  }

  /** Connect, now and after every loss, until `stop`. */
  start(): void {
    if (this._isStopped || this._socket !== null) {
      return;
    }
    this._ask();
  }

  /** Something changed: the network, or the page woke up. Connect or find out at once. */
  check(): void {
    if (this._isStopped) {
      return;
    }
    if (this._isOpen) {
      this._probe(DOUBTFUL_ECHO_MS);
    } else if (this._socket === null) {
      this._failures = 0;
      this._ask();
      if (this._knocks.isOn) {
        this._knocks.begin();
      }
    }
  }

  /** The connection works: after a loss, the first tries come quickly again. */
  established(): void {
    this._failures = 0;
    this._isEstablished = true;
  }

  /** Give this connection up and get another. */
  reconnect(): void {
    if (this._socket !== null) {
      this._lose(GONE, '');
    } else {
      this.check();
    }
  }

  send(bytes: Uint8Array): void {
    // What the encoders make is never shared memory, which a socket would not take.
    this._socket?.send(bytes as Uint8Array<ArrayBuffer>);
  }

  /** No connection any more. */
  stop(): void {
    this._isStopped = true;
    this._stopAsking();
    this._letGo();
  }

  private _ask(): void {
    const question = new AbortController();
    this._questions.push(question);
    if (this._questions.length > OPEN_QUESTIONS) {
      this._questions.shift()?.abort();
    }
    this._options.askForSession(question.signal).then(
      session => {
        if (!question.signal.aborted) {
          this._stopAsking();
          this._session = session;
          this._open(session);
        }
      },
      (error: unknown) => {
        if (question.signal.aborted) {
          return;
        }
        this._questions = this._questions.filter(each => each !== question);
        if (error instanceof NotAdmitted) {
          this._stopAsking();
          this._askLater(reconnectDelayMs(this._failures, this._options.random()));
        } else {
          this._askLater(this._retryMs());
        }
      }
    );
    this._schedule(UNANSWERED_MS);
    if (this._session !== null && !this._knocks.isOn) {
      this._knockTimer ??= setTimeout(() => {
        this._knocks.begin();
      }, KNOCK_AFTER_MS);
    }
  }

  private _askLater(delayMs: number): void {
    this._failures += 1;
    this._dropKnock(); // something answers
    this._schedule(delayMs);
  }

  private _dropKnock(): void {
    clearTimeout(this._knockTimer);
    this._knockTimer = undefined;
  }

  private _schedule(delayMs: number): void {
    clearTimeout(this._askTimer);
    this._askTimer = setTimeout(() => {
      this._ask();
    }, delayMs);
  }

  private _retryMs(): number {
    return reconnectDelayMs(this._failures, this._options.random(), RETRY);
  }

  private _stopAsking(): void {
    clearTimeout(this._askTimer);
    this._dropKnock();
    this._knocks.end();
    for (const question of this._questions) {
      question.abort();
    }
    this._questions = [];
  }

  private _open(session: string): void {
    const socket = this._options.openSocket(session);
    this._take(socket);
    this._watchTimer = setTimeout(() => {
      this._lose(GONE, '');
    }, HANDSHAKE_MS);
    socket.onopen = () => {
      this._begin();
    };
  }

  /** This is the socket now, open or about to be. */
  private _take(socket: IDocumentSocket): void {
    this._socket = socket;
    this._isEstablished = false;
    socket.binaryType = 'arraybuffer';
    socket.onmessage = ({ data }) => {
      this._heardAt = this._options.nowMs();
      this._probedAt = null;
      if (data instanceof ArrayBuffer) {
        this._options.heard(new Uint8Array(data));
      }
    };
    socket.onclose = ({ code, reason }) => {
      this._lose(code, reason);
    };
  }

  /** The socket is open. */
  private _begin(): void {
    clearTimeout(this._watchTimer);
    this._isOpen = true;
    this._heardAt = this._tickedAt = this._options.nowMs();
    this._probedAt = null;
    this._watchTimer = setInterval(() => {
      this._tick();
    }, TICK_MS);
    this._options.opened();
  }

  private _tick(): void {
    const now = this._options.nowMs();
    const slept = now - this._tickedAt > SLEPT_MS;
    this._tickedAt = now;
    if (this._probedAt !== null) {
      const onTheWayMs = this._options.unanswered() / SLOW_BYTES_PER_MS;
      if (now - this._probedAt >= this._echoMs + onTheWayMs) {
        this._lose(GONE, '');
      }
      return;
    }
    const quietMs = this._options.unanswered() > 0 ? QUIET_WAITING_MS : QUIET_MS;
    if (slept) {
      this._probe(DOUBTFUL_ECHO_MS);
    } else if (now - this._heardAt >= quietMs) {
      this._probe(ECHO_MS);
    }
  }

  private _probe(echoMs: number): void {
    this._echoMs = echoMs;
    this._probedAt ??= this._options.nowMs();
    this._options.probe();
  }

  private _lose(code: number, reason: string): void {
    if (!this._isEstablished) {
      this._session = null; // it may be the reason
    }
    this._letGo();
    this._options.lost(code, reason);
    if (!this._isStopped) {
      this._askLater(this._failures === 0 ? 0 : this._retryMs());
    }
  }

  private _letGo(): void {
    clearTimeout(this._watchTimer);
    const socket = this._socket;
    this._socket = null;
    this._isOpen = false;
    if (socket !== null) {
      letGo(socket);
      socket.close();
    }
  }

  private readonly _knocks: Knocks;
  private _socket: IDocumentSocket | null = null;
  private _isOpen = false;
  private _isStopped = false;
  /** Of this connection, or the last: the room answered on it. */
  private _isEstablished = false;
  /** The last session that the room gave, as long as connections come about with it. */
  private _session: string | null = null;
  private _questions: AbortController[] = [];
  private _failures = 0;
  private _heardAt = 0;
  private _tickedAt = 0;
  private _probedAt: number | null = null;
  private _echoMs = ECHO_MS;
  private _askTimer: ReturnType<typeof setTimeout> | undefined;
  private _knockTimer: ReturnType<typeof setTimeout> | undefined;
  private _watchTimer: ReturnType<typeof setTimeout> | undefined;
}
