/**
 * The page's end of the worker that beats.
 *
 * The page hands the worker its keys, keeps none, and carries its beats to the room. A
 * worker that fell silent is made anew, after the room had time to notice.
 */

import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';
import type { FromHeart, Keys, Progress, ToHeart } from '@nbinterview/proctor';

import type { IBeats } from '../tokens';
import type { Beat } from '../wire';

/** A worker that said nothing for so long is gone; the room knows it by then. */
export const SILENT_MS = 5_000;
/** The longest wait for a word, where one worker after the other says none. */
const LONGEST_MS = 60_000;
/** How often the page looks. Itself late by as much, it slept, and the worker with it. */
export const LOOK_MS = 1_000;

const NOTHING: Progress = { beat: 0, frames_seen: 0, frames_dropped: 0 };

/** The part of a browser's Worker that is used here. */
export interface IHeartWorker {
  onmessage: ((event: MessageEvent<FromHeart>) => void) | null;
  postMessage(message: ToHeart, transfer?: Transferable[]): void;
  terminate(): void;
}

/** What the live client needs of it. */
export interface IPulse extends IBeats {
  /** Told each beat of the present connection. */
  onBeat: ((beat: Beat) => void) | null;
  /** A new worker has no keys: the room is to give some again. */
  onKeyless: (() => void) | null;
  /** The connection has these keys; null when it is gone, or beats for nobody. */
  begin(keys: Keys | null): void;
  /** The room's newest on this connection. */
  nonce(nonce: string): void;
  dispose(): void;
}

/** What beats need from outside. */
export interface IBeatsOptions {
  bootId: string;
  createWorker: () => IHeartWorker;
  /** performance.timeOrigin of this page. */
  originMs: number;
  /** performance.now() of this page. */
  monotonicMs: () => number;
}

/** Beats by a worker, which is made when the room first gives it keys. */
export class Beats implements IPulse {
  constructor(private readonly _options: IBeatsOptions) {}

  onBeat: IPulse['onBeat'] = null;
  onKeyless: IPulse['onKeyless'] = null;

  get renewed(): ISignal<this, void> {
    return this._renewed;
  }

  get hasFailed(): boolean {
    return this._hasFailed;
  }

  get failed(): ISignal<this, void> {
    return this._failed;
  }

  begin(keys: Keys | null): void {
    this._connection += 1;
    if (keys !== null && this._worker === null) {
      this._create();
    }
    this._post({ type: 'connection', connection: this._connection, keys });
  }

  nonce(nonce: string): void {
    this._post({ type: 'nonce', nonce });
  }

  start(): void {
    this._run(true);
  }

  stop(): void {
    this._run(false);
  }

  port(): MessagePort {
    const { port1, port2 } = new MessageChannel();
    if (this._worker === null) {
      this._waiting = port2;
    } else {
      this._post({ type: 'counts', port: port2 }, [port2]);
    }
    return port1;
  }

  dropped(): void {
    this._post({ type: 'dropped', pictures: 1 });
  }

  dispose(): void {
    clearTimeout(this._timer);
    this._worker?.terminate();
    this._worker = null;
    this.onBeat = this.onKeyless = null;
    Signal.clearData(this);
  }

  private _create(): void {
    const worker = this._options.createWorker();
    this._worker = worker;
    worker.onmessage = ({ data }) => {
      this._receive(data);
    };
    this._heardMs = this._options.monotonicMs();
    this._post({
      type: 'begin',
      boot_id: this._options.bootId,
      page_origin_ms: this._options.originMs,
      from: this._progress
    });
    if (this._waiting !== null) {
      this._post({ type: 'counts', port: this._waiting }, [this._waiting]);
      this._waiting = null;
    }
    this._post({ type: 'run', on: this._isRunning });
    this._lookLater();
  }

  private _receive(message: FromHeart): void {
    switch (message.type) {
      case 'alive':
        this._heardMs = this._options.monotonicMs();
        this._patienceMs = SILENT_MS;
        this._progress = message.progress;
        break;
      case 'beat':
        if (message.connection === this._connection) {
          this.onBeat?.(message.beat);
        }
        break;
      case 'failed':
        if (!this._hasFailed) {
          this._hasFailed = true;
          console.warn('Beats cannot be signed here:', message.reason);
          this._failed.emit();
        }
        break;
    }
  }

  private _run(on: boolean): void {
    this._isRunning = on;
    this._post({ type: 'run', on });
  }

  private _lookLater(): void {
    clearTimeout(this._timer);
    const dueMs = this._options.monotonicMs() + LOOK_MS;
    this._timer = setTimeout(() => {
      const nowMs = this._options.monotonicMs();
      if (nowMs - dueMs >= LOOK_MS) {
        this._heardMs = nowMs;
      }
      if (nowMs - this._heardMs < this._patienceMs) {
        this._lookLater();
      } else {
        this._renew();
      }
    }, LOOK_MS);
  }

  private _renew(): void {
    console.warn('The worker that beats fell silent; here is another one.');
    this._worker?.terminate();
    this._patienceMs = Math.min(2 * this._patienceMs, LONGEST_MS);
    this._create();
    this._renewed.emit();
    this.onKeyless?.();
  }

  private _post(message: ToHeart, transfer: Transferable[] = []): void {
    this._worker?.postMessage(message, transfer);
  }

  private _worker: IHeartWorker | null = null;
  private _connection = 0;
  private _isRunning = false;
  private _hasFailed = false;
  private _progress = NOTHING;
  private _waiting: MessagePort | null = null;
  private _heardMs = 0;
  private _patienceMs = SILENT_MS;
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private readonly _renewed = new Signal<this, void>(this);
  private readonly _failed = new Signal<this, void>(this);
}
