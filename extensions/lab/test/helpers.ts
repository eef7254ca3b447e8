/** Sockets, messages and words for the tests. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';

import type { IPulse } from '../src/live/beats';
import { LiveClient } from '../src/live/client';
import type { ISocket } from '../src/live/line';
import { Kept } from '../src/kept/kept';
import { Spool } from '../src/live/spool';
import type { Beats, FromPage, FromRoom, Welcome } from '../src/wire';

export const BOOT = '00000000-0000-4000-8000-000000000001';
export const EARLIER_BOOT = '00000000-0000-4000-8000-000000000002';
export const ADA = 'p-aaaaaaaaaa';

/** English as it stands, with its placeholders filled in. */
export const trans = {
  __: (text: string, ...args: unknown[]) => fill(text, args),
  _n: (one: string, many: string, n: number, ...args: unknown[]) =>
    fill(n === 1 ? one : many, [n, ...args])
} as unknown as TranslationBundle;

function fill(text: string, args: unknown[]): string {
  return text.replace(/%(\d)/g, (_, at: string) => String(args[Number(at) - 1]));
}

export function welcome(changes: Partial<Welcome> = {}): Welcome {
  return {
    type: 'welcome',
    role: 'candidate',
    hub_name: ADA,
    title: 'Churn',
    state: 'open',
    policy: {
      name: 'standard',
      version: 2,
      title: 'Standard',
      words: [],
      calibration: false,
      sensors: ['camera', 'focus', 'clipboard'],
      camera_required: false,
      fullscreen: false,
      rules: []
    },
    consent: {},
    acknowledged: {},
    people: [],
    flags: [],
    sensors: [],
    warnings: [],
    nudges: [],
    episodes: [],
    comments: [],
    calibration: null,
    watching: { paused: false, paused_by: null, allows: [] },
    kernel: null,
    ...changes
  };
}

/** The room's end of a connection. */
export class FakeSocket implements ISocket {
  onopen: (() => void) | null = null;
  onclose: ISocket['onclose'] = null;
  onmessage: ((message: { data: unknown }) => void) | null = null;
  readonly sent: FromPage[] = [];
  isClosed = false;

  send(text: string): void {
    this.sent.push(JSON.parse(text) as FromPage);
  }

  close(): void {
    this.isClosed = true;
  }

  open(): void {
    this.onopen?.();
  }

  say(message: FromRoom): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }

  lose(code = 1006, reason = ''): void {
    this.onclose?.({ code, reason });
  }

  /** The numbers of what was sent of a page load, in order. */
  numbers(bootId = BOOT): number[] {
    return this.sent.flatMap(message =>
      'client_seq' in message && message.boot_id === bootId ? [message.client_seq] : []
    );
  }
}

/** What beats, without a worker. */
export class FakePulse implements IPulse {
  onBeat: IPulse['onBeat'] = null;
  onKeyless: IPulse['onKeyless'] = null;
  readonly renewed = new Signal<this, void>(this);
  readonly failed = new Signal<this, void>(this);
  hasFailed = false;
  /** What it was told, in order. */
  readonly told: unknown[] = [];

  begin(keys: Beats | null): void {
    this.told.push(keys);
  }

  nonce(nonce: string): void {
    this.told.push(nonce);
  }

  /** The worker says that it cannot sign. */
  fail(): void {
    this.hasFailed = true;
    this.failed.emit();
  }

  start(): void {
    this.told.push('start');
  }

  stop(): void {
    this.told.push('stop');
  }

  port(): MessagePort {
    return new MessageChannel().port1;
  }

  dropped(): void {
    this.told.push('dropped');
  }

  dispose(): void {
    this.told.push('disposed');
  }
}

export interface IWorld {
  pulse: FakePulse;
  client: LiveClient;
  spool: Spool;
  /** Every connection so far, oldest first. */
  sockets: FakeSocket[];
  socket: () => FakeSocket;
}

/** A client whose sockets the test holds. */
export function world(
  spool = new Spool(new Kept(null)),
  isAdmitted = (): Promise<boolean> => Promise.resolve(true),
  monotonicMs = (): number => 1234
): IWorld {
  const sockets: FakeSocket[] = [];
  const pulse = new FakePulse();
  const client = new LiveClient({
    bootId: BOOT,
    spool,
    pulse,
    openSocket: () => {
      const socket = new FakeSocket();
      sockets.push(socket);
      return socket;
    },
    isAdmitted,
    monotonicMs,
    random: () => 0.5
  });
  return {
    client,
    spool,
    pulse,
    sockets,
    socket: () => {
      const last = sockets.at(-1);
      if (last === undefined) {
        throw new Error('no connection was opened');
      }
      return last;
    }
  };
}

/** A client that is connected and welcomed. */
export function connected(changes: Partial<Welcome> = {}, spool?: Spool): IWorld {
  const made = world(spool);
  made.client.connect();
  made.socket().open();
  made.socket().say(welcome(changes));
  return made;
}
