/**
 * One client of the room's WebSocket.
 *
 * It says hello, sends what the spool holds in order, takes acknowledgements, and comes
 * back by itself after a loss. What it hears it hands on by kind. It knows neither
 * JupyterLab nor the page, so that it can be tried by itself.
 */

import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type {
  Action,
  Check,
  ClientEvent,
  Frame,
  FromPage,
  FromRoom,
  Heard,
  HeardKind,
  Outgoing,
  Problem,
  Welcome,
  WitnessReport
} from '../wire';
import type { IBeats, ILive, LiveStatus } from '../tokens';
import type { IPulse } from './beats';
import { Ears } from './ears';
import { Held } from './held';
import type { IClosing, ISocket } from './line';
import { Line } from './line';
import { Queue } from './queue';
import { fold } from './snapshot';
import type { ISpooled, Spool } from './spool';

/** The room's close for somebody whose access was taken away; `sockets.py` there. */
export const WITHDRAWN = { code: 1008, reason: 'access ended' } as const;

/** What a client needs from outside. */
export interface ILiveOptions {
  /** Random id of this page load. */
  bootId: string;
  spool: Spool;
  /** What beats while this page watches. */
  pulse: IPulse;
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
    this._held = new Held(options.monotonicMs);
    this.ready = new Promise(resolve => {
      this._resolveReady = resolve;
    });
    this._line = new Line({
      openSocket: options.openSocket,
      random: options.random,
      onOpen: () => {
        this._transmit({ type: 'hello', boot_id: options.bootId });
      },
      onText: text => {
        this._receive(JSON.parse(text) as FromRoom);
      },
      onLost: closing => this._lost(closing)
    });
    options.spool.found.connect(() => {
      this._begin();
    });
    options.pulse.onBeat = beat => {
      if (this.isActive) {
        this._say(beat);
      }
    };
    options.pulse.onKeyless = () => {
      this._say({ type: 'hello', boot_id: options.bootId });
    };
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

  get isActive(): boolean {
    const { role, lease } = this._welcome ?? {};
    return role !== 'candidate' || lease?.active !== false;
  }

  get waiting(): number {
    return this._options.spool.size;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  get beats(): IBeats {
    return this._options.pulse;
  }

  get check(): Check | null {
    return this._check;
  }

  get welcomed(): ISignal<this, Welcome> {
    return this._welcomed;
  }

  get statusChanged(): ISignal<this, LiveStatus> {
    return this._statusChanged;
  }

  heard<K extends HeardKind>(kind: K): ISignal<this, Heard<K>> {
    return this._ears.heard(kind);
  }

  /**
   * Connect now; does nothing while connected, or when the interview ended. Called again
   * when the network is back.
   */
  connect(): void {
    if (this._isDisposed || this._line.isThere || this._status === 'closed') {
      return;
    }
    if (this._status !== 'offline') {
      this._setStatus('connecting');
    }
    this._line.connect();
  }

  /** The network changed or the page slept: come back, or find out whether it is there. */
  doubt(): void {
    if (this._status === 'online') {
      this._transmit({ type: 'hello', boot_id: this._options.bootId });
      this._line.doubt();
    } else {
      this.connect();
    }
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
    this._held.add(frames, framesDropped, rateHz);
    // While nobody hears it, one message a second is enough.
    if (this._status === 'online' || this._held.isFull) {
      this._postHeld();
    }
  }

  act(action: Omit<Action, 'type'>): boolean {
    return this._say({ type: 'action', ...action });
  }

  takeLease(): boolean {
    return this._say({ type: 'lease', boot_id: this._options.bootId });
  }

  witness(report: Omit<WitnessReport, 'type'>): boolean {
    return this._say({ type: 'witness', ...report });
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._line.dispose();
    this._options.pulse.dispose();
    Signal.clearData(this);
  }

  private _postHeld(): void {
    const measured = this._held.take();
    if (measured !== null) {
      this._post(seq => ({
        type: 'observations',
        boot_id: this._options.bootId,
        client_seq: seq,
        monotonic_ms: this._options.monotonicMs(),
        ...measured
      }));
    }
  }

  private _post(make: (seq: number) => Outgoing): void {
    if (this._welcome === null) {
      throw new Error('Nothing is reported before the room said who this page is.');
    }
    if (!this.isActive) {
      return; // Another page of this person's counts, and tells for itself.
    }
    this._lastSeq += 1;
    const entry: ISpooled = {
      boot_id: this._options.bootId,
      client_seq: this._lastSeq,
      author: this._welcome.hub_name,
      message: make(this._lastSeq)
    };
    this._options.spool.add(entry);
    this._queue.add(entry);
    this._pump();
  }

  private _receive(message: FromRoom): void {
    this._dispatch(message);
    this._line.expectAnswer(this._queue.isWaiting || this._status !== 'online');
  }

  private _dispatch(message: FromRoom): void {
    if (message.type === 'welcome') {
      this._enter(message);
      return;
    }
    if (this._welcome !== null) {
      this._welcome = fold(this._welcome, message);
    }
    switch (message.type) {
      case 'ack':
        this._acknowledge(message.boot_id, message.client_seq);
        break;
      case 'problem':
        this._refused(message);
        break;
      case 'nonce':
        this._options.pulse.nonce(message.nonce);
        break;
      case 'check':
        this._check = message.check;
        break;
      case 'state':
        this._finishIfOver();
        break;
      case 'erase':
        this._erase(message.kinds);
        break;
    }
    this._ears.tell(message);
  }

  private _enter({ beats, ...welcome }: Welcome): void {
    // The key goes to the worker that signs with it; this page keeps none.
    this._options.pulse.begin(beats ?? null);
    for (const [bootId, clientSeq] of Object.entries(welcome.acknowledged)) {
      this._options.spool.acknowledge(bootId, clientSeq);
    }
    this._postHeld(); // measured while the lease stood as it was
    this._welcome = welcome;
    this._line.settled();
    this._queue.begin(this._pending());
    this._setStatus('online');
    this._resolveReady(welcome);
    this._welcomed.emit(welcome);
    this._pump();
    this._finishIfOver();
    void this._options.spool.look();
  }

  /** Of earlier loads another page sent nothing any more: now this one does. */
  private _begin(): void {
    if (this._status === 'online') {
      this._queue.begin(this._pending());
      this._pump();
    }
  }

  private _pending(): ISpooled[] {
    const author = this._welcome?.hub_name;
    return this._options.spool.pending().filter(entry => entry.author === author);
  }

  private _acknowledge(bootId: string, clientSeq: number): void {
    this._options.spool.acknowledge(bootId, clientSeq);
    this._queue.acknowledge(bootId, clientSeq);
    this._pump();
  }

  private _refused(problem: Problem): void {
    const { boot_id: bootId, client_seq: clientSeq } = problem;
    if (bootId !== undefined && clientSeq !== undefined && isFinal(problem)) {
      // Sending it again would block what follows.
      this._options.spool.drop(bootId, clientSeq);
      this._queue.drop(bootId, clientSeq);
      this._pump();
    }
  }

  private _finishIfOver(): void {
    if (this._welcome?.state === 'ended') {
      this._options.spool.finish();
    }
  }

  /** Forget what waits of these kinds, also what other pages left. */
  private _erase(kinds: readonly string[]): void {
    this._options.spool.erase(kinds);
    const left = new Set(this._options.spool.pending());
    this._queue.keep(entry => left.has(entry));
    this._pump();
  }

  private _pump(): void {
    if (this._status !== 'online') {
      return;
    }
    this._queue.pump();
    if (!this._line.isExpecting) {
      this._line.expectAnswer(this._queue.isWaiting);
    }
  }

  /** Say what is not kept: at once, or not at all. */
  private _say(message: FromPage): boolean {
    if (this._status !== 'online') {
      return false;
    }
    this._transmit(message);
    return true;
  }

  private _transmit(message: FromPage): void {
    this._line.send(JSON.stringify(message));
  }

  private _lost(closing: IClosing | null): boolean {
    if (closing?.code === WITHDRAWN.code && closing.reason === WITHDRAWN.reason) {
      this._isWithdrawn = true;
    }
    // What it signs by the old key would prove nothing on the next connection.
    this._options.pulse.begin(null);
    if (this._welcome?.state === 'ended' || this._isWithdrawn) {
      // There is nothing to come back to: a room stops once it has stored everything.
      this._setStatus('closed');
      return false;
    }
    this._setStatus('offline');
    this._askIfAdmitted();
    return true;
  }

  /** Whoever was away meanwhile has not heard it: the room only lets nobody in. */
  private _askIfAdmitted(): void {
    void this._options.isAdmitted().then(isAdmitted => {
      if (!isAdmitted && this._status === 'offline' && !this._isDisposed) {
        this._isWithdrawn = true;
        this._line.rest();
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
  private readonly _held: Held;
  private readonly _line: Line;
  private readonly _queue = new Queue(({ message }) => {
    this._transmit(message);
  });
  private readonly _ears = new Ears<this>(this);
  private _resolveReady!: (welcome: Welcome) => void;
  private _welcome: Welcome | null = null;
  private _status: LiveStatus = 'connecting';
  private _isDisposed = false;
  private _isWithdrawn = false;
  private _lastSeq = 0;
  private _check: Check | null = null;
  private readonly _welcomed = new Signal<this, Welcome>(this);
  private readonly _statusChanged = new Signal<this, LiveStatus>(this);
}
