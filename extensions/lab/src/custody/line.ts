/**
 * A connection to the room that comes back at once.
 *
 * It never waits for a dead network: while there is no connection, it asks the room for a
 * session every few hundred milliseconds, and the first answer, also to an earlier
 * question, opens the socket. While there is one, silence is answered by a probe, and
 * silence after that ends it. It knows nothing of what goes over it.
 */

import { reconnectDelayMs } from '../live/backoff';

/** While the network is away; the first tries come quicker. */
const RETRY = { firstMs: 300, longestMs: 800 };
/** Questions for a session that are open at once; a slow room has so many tries' time. */
const OPEN_QUESTIONS = 5;
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
  constructor(private readonly _options: ILineOptions) {}

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
    }
  }

  /** The connection works: after a loss, the first tries come quickly again. */
  established(): void {
    this._failures = 0;
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
    clearTimeout(this._retryTimer);
    this._giveUpQuestions();
    this._letGo();
  }

  private _ask(): void {
    clearTimeout(this._retryTimer);
    const question = new AbortController();
    this._questions.push(question);
    if (this._questions.length > OPEN_QUESTIONS) {
      this._questions.shift()?.abort();
    }
    this._options.askForSession(question.signal).then(
      session => {
        if (!question.signal.aborted) {
          this._giveUpQuestions();
          this._open(session);
        }
      },
      (error: unknown) => {
        this._questions = this._questions.filter(each => each !== question);
        if (error instanceof NotAdmitted && !question.signal.aborted) {
          this._giveUpQuestions();
          this._askLater(reconnectDelayMs(this._failures, this._options.random()));
        }
      }
    );
    this._askLater(reconnectDelayMs(this._failures, this._options.random(), RETRY));
  }

  private _askLater(delayMs: number): void {
    clearTimeout(this._retryTimer);
    this._failures += 1;
    this._retryTimer = setTimeout(() => {
      this._ask();
    }, delayMs);
  }

  private _giveUpQuestions(): void {
    for (const question of this._questions) {
      question.abort();
    }
    this._questions = [];
  }

  private _open(session: string): void {
    clearTimeout(this._retryTimer);
    const socket = this._options.openSocket(session);
    this._socket = socket;
    socket.binaryType = 'arraybuffer';
    this._watchTimer = setTimeout(() => {
      this._lose(GONE, '');
    }, HANDSHAKE_MS);
    socket.onopen = () => {
      clearTimeout(this._watchTimer);
      this._isOpen = true;
      this._heardAt = this._tickedAt = this._options.nowMs();
      this._probedAt = null;
      this._watchTimer = setInterval(() => {
        this._tick();
      }, TICK_MS);
      this._options.opened();
    };
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
    this._letGo();
    this._options.lost(code, reason);
    if (!this._isStopped) {
      this._askLater(
        this._failures === 0
          ? 0
          : reconnectDelayMs(this._failures, this._options.random(), RETRY)
      );
    }
  }

  private _letGo(): void {
    clearTimeout(this._watchTimer);
    const socket = this._socket;
    this._socket = null;
    this._isOpen = false;
    if (socket !== null) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    }
  }

  private _socket: IDocumentSocket | null = null;
  private _isOpen = false;
  private _isStopped = false;
  private _questions: AbortController[] = [];
  private _failures = 0;
  private _heardAt = 0;
  private _tickedAt = 0;
  private _probedAt: number | null = null;
  private _echoMs = ECHO_MS;
  private _retryTimer: ReturnType<typeof setTimeout> | undefined;
  private _watchTimer: ReturnType<typeof setTimeout> | undefined;
}
