/**
 * One client of the room's WebSocket.
 *
 * It says hello, sends what the spool holds in order, takes acknowledgements, and comes
 * back by itself after a loss. What it hears it hands on as signals. It knows neither
 * JupyterLab nor the page, so that it can be tried by itself.
 */

import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type {
  Action,
  Calibration,
  Check,
  ClientEvent,
  Comment,
  Episode,
  Flag,
  Frame,
  FromPage,
  FromRoom,
  InterviewState,
  KernelMessage,
  Outgoing,
  Person,
  Problem,
  SensorState,
  UsageMessage,
  Warning,
  Watching,
  Welcome
} from '../wire';
import type { ILive, LiveStatus } from '../tokens';
import { reconnectDelayMs } from './backoff';
import { fold } from './snapshot';
import type { ISpooled, Spool } from './spool';

/** Messages on their way without an acknowledgement. */
const WINDOW = 64;
/**
 * Longest wait for a socket to open. Browsers open one socket to a server at a time: one
 * that hangs in a dead network would keep the notebook's from coming back.
 */
export const OPEN_TIMEOUT_MS = 2_000;
/** Silence after which a connection with messages on their way counts as dead. */
export const ACK_TIMEOUT_MS = 15_000;
/** The room's close for somebody whose access was taken away; `sockets.py` there. */
export const WITHDRAWN = { code: 1008, reason: 'access ended' } as const;

/** Without a connection, frames are kept together for so long, and no more than these. */
const HOLD_MS = 1_000;
const HELD_FRAMES = 20;

/** Frames that are not a message yet. */
interface IHeld {
  readonly frames: Frame[];
  readonly dropped: number;
  readonly rateHz: number | undefined;
  /** When the first of them came. */
  readonly sinceMs: number;
}

function withFrames(held: IHeld | null, more: IHeld): IHeld {
  return held === null
    ? more
    : {
        frames: [...held.frames, ...more.frames],
        dropped: held.dropped + more.dropped,
        rateHz: more.rateHz ?? held.rateHz,
        sinceMs: held.sinceMs
      };
}

/** The part of a browser's WebSocket that is used here. */
export interface ISocket {
  onopen: (() => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  onmessage: ((message: { data: unknown }) => void) | null;
  send(text: string): void;
  close(): void;
}

/** What a client needs from outside. */
export interface ILiveOptions {
  /** Random id of this page load. */
  bootId: string;
  spool: Spool;
  openSocket: () => ISocket;
  /** Ask whether this person has a part in the interview; true when nobody answers. */
  isAdmitted: () => Promise<boolean>;
  /** performance.now() of this page. */
  monotonicMs: () => number;
  /** A number from 0 to 1, exclusive. */
  random: () => number;
}

/** Whether the room will never take this message; else it wants it again. */
function isFinal(problem: Problem): boolean {
  return problem.status >= 400 && problem.status < 500 && problem.status !== 409;
}

/** The page's end of the room's live connection. */
export class LiveClient implements ILive {
  constructor(options: ILiveOptions) {
    this._options = options;
    this.ready = new Promise(resolve => {
      this._resolveReady = resolve;
    });
  }

  readonly ready: Promise<Welcome>;

  get welcome(): Welcome | null {
    return this._welcome;
  }

  get status(): LiveStatus {
    return this._status;
  }

  get isWithdrawn(): boolean {
    return this._isWithdrawn;
  }

  get waiting(): number {
    return this._options.spool.size;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  get welcomed(): ISignal<this, Welcome> {
    return this._welcomed;
  }

  get statusChanged(): ISignal<this, LiveStatus> {
    return this._statusChanged;
  }

  get warned(): ISignal<this, Warning> {
    return this._warned;
  }

  get nudged(): ISignal<this, Warning> {
    return this._nudged;
  }

  get warningCleared(): ISignal<this, string> {
    return this._warningCleared;
  }

  get flagged(): ISignal<this, Flag> {
    return this._flagged;
  }

  get episodeEnded(): ISignal<this, Episode> {
    return this._episodeEnded;
  }

  get commented(): ISignal<this, Comment> {
    return this._commented;
  }

  get calibrated(): ISignal<this, Calibration> {
    return this._calibrated;
  }

  get watchingChanged(): ISignal<this, Watching> {
    return this._watchingChanged;
  }

  get sensorChanged(): ISignal<this, SensorState> {
    return this._sensorChanged;
  }

  get kernelChanged(): ISignal<this, KernelMessage> {
    return this._kernelChanged;
  }

  get usageChanged(): ISignal<this, UsageMessage> {
    return this._usageChanged;
  }

  get check(): Check | null {
    return this._check;
  }

  get checkChanged(): ISignal<this, Check> {
    return this._checkChanged;
  }

  get peopleChanged(): ISignal<this, Person[]> {
    return this._peopleChanged;
  }

  get stateChanged(): ISignal<this, InterviewState> {
    return this._stateChanged;
  }

  get problemReported(): ISignal<this, Problem> {
    return this._problemReported;
  }

  /**
   * Connect now; does nothing while connected, or when the interview ended. Called again
   * when the network is back.
   */
  connect(): void {
    if (this._isDisposed || this._socket !== null || this._status === 'closed') {
      return;
    }
    clearTimeout(this._retryTimer);
    if (this._status !== 'offline') {
      this._setStatus('connecting');
    }
    const socket = this._options.openSocket();
    this._socket = socket;
    this._giveUpAfter(OPEN_TIMEOUT_MS);
    socket.onopen = () => {
      this._sayHello();
    };
    socket.onmessage = message => {
      this._receive(JSON.parse(String(message.data)) as FromRoom);
    };
    socket.onclose = ({ code, reason }) => {
      if (code === WITHDRAWN.code && reason === WITHDRAWN.reason) {
        this._isWithdrawn = true;
      }
      this._lost(socket);
    };
  }

  record(event: ClientEvent, monotonicMs = this._options.monotonicMs()): void {
    this._postHeld();
    this._post(seq => ({
      type: 'event',
      boot_id: this._options.bootId,
      client_seq: seq,
      monotonic_ms: monotonicMs,
      event
    }));
  }

  observe(frames: Frame[], framesDropped: number, rateHz?: number): void {
    this._held = withFrames(this._held, {
      frames,
      dropped: framesDropped,
      rateHz,
      sinceMs: this._options.monotonicMs()
    });
    const isFull =
      this._held.frames.length >= HELD_FRAMES ||
      this._options.monotonicMs() - this._held.sinceMs >= HOLD_MS;
    // While nobody hears it, one message a second is enough.
    if (this._status === 'online' || isFull) {
      this._postHeld();
    }
  }

  act(action: Omit<Action, 'type'>): boolean {
    if (this._status !== 'online') {
      return false;
    }
    this._transmit({ type: 'action', ...action });
    return true;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    clearTimeout(this._retryTimer);
    clearTimeout(this._ackTimer);
    this._socket?.close();
    Signal.clearData(this);
  }

  private _postHeld(): void {
    const held = this._held;
    if (held === null) {
      return;
    }
    this._held = null;
    this._post(seq => ({
      type: 'observations',
      boot_id: this._options.bootId,
      client_seq: seq,
      monotonic_ms: this._options.monotonicMs(),
      frames: held.frames,
      frames_dropped: held.dropped,
      ...(held.rateHz !== undefined && { rate_hz: held.rateHz })
    }));
  }

  private _post(make: (seq: number) => Outgoing): void {
    if (this._welcome === null) {
      throw new Error('Nothing is reported before the room said who this page is.');
    }
    this._lastSeq += 1;
    const entry: ISpooled = {
      boot_id: this._options.bootId,
      client_seq: this._lastSeq,
      author: this._welcome.hub_name,
      message: make(this._lastSeq)
    };
    this._options.spool.add(entry);
    this._unsent.push(entry);
    this._pump();
  }

  private _sayHello(): void {
    this._transmit({ type: 'hello', boot_id: this._options.bootId });
    this._watchForSilence();
  }

  private _receive(message: FromRoom): void {
    if (this._welcome !== null) {
      this._welcome = fold(this._welcome, message);
    }
    this._dispatch(message);
    this._watchForSilence();
  }

  private _dispatch(message: FromRoom): void {
    switch (message.type) {
      case 'welcome':
        this._enter(message);
        break;
      case 'ack':
        this._acknowledge(message.boot_id, message.client_seq);
        break;
      case 'problem':
        this._refused(message);
        break;
      case 'nudge':
        this._nudged.emit(message.nudge);
        break;
      case 'warning':
        this._warned.emit(message.warning);
        break;
      case 'warning_cleared':
        this._warningCleared.emit(message.episode_id);
        break;
      case 'flag':
        this._flagged.emit(message.flag);
        break;
      case 'episode':
        this._episodeEnded.emit(message.episode);
        break;
      case 'comment':
        this._commented.emit(message.comment);
        break;
      case 'calibration':
        this._calibrated.emit(message.calibration);
        break;
      case 'watching':
        this._watchingChanged.emit(message.watching);
        break;
      case 'sensor':
        this._sensorChanged.emit(message.sensor);
        break;
      case 'kernel':
        this._kernelChanged.emit(message);
        break;
      case 'usage':
        this._usageChanged.emit(message);
        break;
      case 'check':
        this._check = message.check;
        this._checkChanged.emit(message.check);
        break;
      case 'people':
        this._peopleChanged.emit(message.people);
        break;
      case 'state':
        this._stateChanged.emit(message.state);
        break;
    }
  }

  private _enter(welcome: Welcome): void {
    for (const [bootId, clientSeq] of Object.entries(welcome.acknowledged)) {
      this._options.spool.acknowledge(bootId, clientSeq);
    }
    this._welcome = welcome;
    this._postHeld();
    this._failures = 0;
    this._sent.clear();
    this._unsent = this._options.spool
      .pending()
      .filter(entry => entry.author === welcome.hub_name);
    this._setStatus('online');
    this._resolveReady(welcome);
    this._welcomed.emit(welcome);
    this._pump();
  }

  private _acknowledge(bootId: string, clientSeq: number): void {
    this._options.spool.acknowledge(bootId, clientSeq);
    for (const entry of this._sent) {
      if (entry.boot_id === bootId && entry.client_seq <= clientSeq) {
        this._sent.delete(entry);
      }
    }
    this._pump();
  }

  private _refused(problem: Problem): void {
    const { boot_id: bootId, client_seq: clientSeq } = problem;
    if (bootId !== undefined && clientSeq !== undefined && isFinal(problem)) {
      // Sending it again would block what follows.
      this._options.spool.drop(bootId, clientSeq);
      for (const entry of this._sent) {
        if (entry.boot_id === bootId && entry.client_seq === clientSeq) {
          this._sent.delete(entry);
        }
      }
      this._pump();
    }
    this._problemReported.emit(problem);
  }

  private _pump(): void {
    if (this._status !== 'online') {
      return;
    }
    while (this._sent.size < WINDOW) {
      const entry = this._unsent.shift();
      if (entry === undefined) {
        break;
      }
      this._sent.add(entry);
      this._transmit(entry.message);
    }
    if (this._ackTimer === undefined) {
      this._watchForSilence();
    }
  }

  private _transmit(message: FromPage): void {
    this._socket?.send(JSON.stringify(message));
  }

  /** A connection can die without a close: silence while an answer is due says so. */
  private _watchForSilence(): void {
    clearTimeout(this._ackTimer);
    this._ackTimer = undefined;
    if (this._sent.size > 0 || this._status !== 'online') {
      this._giveUpAfter(ACK_TIMEOUT_MS);
    }
  }

  private _giveUpAfter(delayMs: number): void {
    clearTimeout(this._ackTimer);
    this._ackTimer = setTimeout(() => {
      const socket = this._socket;
      if (socket !== null) {
        socket.close();
        this._lost(socket);
      }
    }, delayMs);
  }

  private _lost(socket: ISocket): void {
    socket.onopen = socket.onmessage = socket.onclose = null;
    if (this._isDisposed || socket !== this._socket) {
      return;
    }
    clearTimeout(this._ackTimer);
    this._ackTimer = undefined;
    this._socket = null;
    if (this._welcome?.state === 'ended' || this._isWithdrawn) {
      // There is nothing to come back to: a room stops once it has stored everything.
      this._setStatus('closed');
      return;
    }
    this._setStatus('offline');
    this._askIfAdmitted();
    const delay = reconnectDelayMs(this._failures, this._options.random());
    this._failures += 1;
    this._retryTimer = setTimeout(() => {
      this.connect();
    }, delay);
  }

  /** Whoever was away meanwhile has not heard it: the room only lets nobody in. */
  private _askIfAdmitted(): void {
    void this._options.isAdmitted().then(isAdmitted => {
      if (!isAdmitted && this._status === 'offline' && !this._isDisposed) {
        this._isWithdrawn = true;
        clearTimeout(this._retryTimer);
        this._setStatus('closed');
      }
    });
  }

  private _setStatus(status: LiveStatus): void {
    if (status !== this._status) {
      this._status = status;
      this._statusChanged.emit(status);
    }
  }

  private readonly _options: ILiveOptions;
  private _resolveReady!: (welcome: Welcome) => void;
  private _welcome: Welcome | null = null;
  private _status: LiveStatus = 'connecting';
  private _socket: ISocket | null = null;
  private _isDisposed = false;
  private _isWithdrawn = false;
  private _lastSeq = 0;
  private _failures = 0;
  private _unsent: ISpooled[] = [];
  private _held: IHeld | null = null;
  private readonly _sent = new Set<ISpooled>();
  private _retryTimer: ReturnType<typeof setTimeout> | undefined;
  private _ackTimer: ReturnType<typeof setTimeout> | undefined;
  private readonly _welcomed = new Signal<this, Welcome>(this);
  private readonly _statusChanged = new Signal<this, LiveStatus>(this);
  private readonly _warned = new Signal<this, Warning>(this);
  private readonly _nudged = new Signal<this, Warning>(this);
  private readonly _warningCleared = new Signal<this, string>(this);
  private readonly _flagged = new Signal<this, Flag>(this);
  private readonly _episodeEnded = new Signal<this, Episode>(this);
  private readonly _commented = new Signal<this, Comment>(this);
  private readonly _calibrated = new Signal<this, Calibration>(this);
  private readonly _watchingChanged = new Signal<this, Watching>(this);
  private readonly _sensorChanged = new Signal<this, SensorState>(this);
  private readonly _kernelChanged = new Signal<this, KernelMessage>(this);
  private readonly _usageChanged = new Signal<this, UsageMessage>(this);
  private _check: Check | null = null;
  private readonly _checkChanged = new Signal<this, Check>(this);
  private readonly _peopleChanged = new Signal<this, Person[]>(this);
  private readonly _stateChanged = new Signal<this, InterviewState>(this);
  private readonly _problemReported = new Signal<this, Problem>(this);
}
