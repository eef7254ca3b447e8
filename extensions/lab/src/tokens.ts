/** What the plugins offer each other. */

import type { NotebookPanel } from '@jupyterlab/notebook';
import { Token } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import type { Widget } from '@lumino/widgets';

import type { RoomProvider } from './custody/provider';
import type { IHandedBack, IStanding } from './custody/standing';
import type { Notices } from './room/notices';
import type {
  Action,
  Check,
  ClientEvent,
  Frame,
  Heard,
  HeardKind,
  Sensor,
  Welcome,
  WitnessReport
} from './wire';

/**
 * Whether the page reaches its room; `closed` is for good: after the interview's end, or
 * when this person's access was taken away.
 */
export type LiveStatus = 'connecting' | 'online' | 'offline' | 'closed';

/** The live connection; null where the server is not an interview's room. */
export const ILive = new Token<ILive | null>(
  '@nbinterview/lab:ILive',
  "The page's end of the room's live connection; null outside a room."
);

/** The page's end of the room's live connection. */
export interface ILive extends IDisposable {
  /** Resolves with the first welcome: who this page is, and what holds here. */
  readonly ready: Promise<Welcome>;
  /** The room as it stands: the last welcome, kept up to date; null before the first. */
  readonly welcome: Welcome | null;
  /** Whether the page reaches its room now. */
  readonly status: LiveStatus;
  /** Whether this person's access was taken away. */
  readonly isWithdrawn: boolean;
  /**
   * Whether this page of the candidate is the one that counts; what another one records or
   * observes goes nowhere. Always so for everybody else. It changes with `lease` messages
   * and welcomes.
   */
  readonly isActive: boolean;
  /** The proof that this page watches. */
  readonly beats: IBeats;
  /** How many messages wait for their acknowledgement. */
  readonly waiting: number;
  /** The room said welcome: at first, and again after every loss. */
  readonly welcomed: ISignal<ILive, Welcome>;
  /** The connection came or went. */
  readonly statusChanged: ISignal<ILive, LiveStatus>;
  /** The messages of one kind, as they come; by then `welcome` is up to date. */
  heard<K extends HeardKind>(kind: K): ISignal<ILive, Heard<K>>;
  /** The last check that the room told of; null before one. */
  readonly check: Check | null;
  /** Connect now; does nothing while connected. Called when the room is known to answer. */
  connect(): void;
  /**
   * Report a fact of this page. It is kept until the room has it.
   * @param monotonicMs - performance.now() when it happened; now, if not given.
   */
  record(event: ClientEvent, monotonicMs?: number): void;
  /**
   * Report what was measured, at once; no frames is a sign of life.
   * @param rateHz - How often the worker measures now.
   */
  observe(frames: Frame[], framesDropped: number, rateHz?: number): void;
  /**
   * Ask the room for what only an interviewer may ask. It is not kept: a pause that comes
   * minutes late would be another one.
   * @returns Whether it was sent; the room's answer is `watchingChanged` or a problem.
   */
  act(action: Omit<Action, 'type'>): boolean;
  /**
   * Make this page of the candidate the one that counts.
   * @returns Whether it was sent; the room's answer is a `lease` message.
   */
  takeLease(): boolean;
  /**
   * Tell the room, of an interviewer's page, that its record is not the one witnessed.
   * @returns Whether it was sent.
   */
  witness(report: Omit<WitnessReport, 'type'>): boolean;
}

/** Signed once a second by a worker of its own: proof that this page watches. */
export interface IBeats {
  /** Beat from now on: this page began to watch. */
  start(): void;
  /** Beat no more. */
  stop(): void;
  /**
   * Where one detector's worker is to tell how many pictures it measured, without this
   * page's hands. The port before counts no more.
   */
  port(): MessagePort;
  /** The camera gave a picture that no detector took. */
  dropped(): void;
  /** The worker that beats had to be made anew: it needs to be told by another port. */
  readonly renewed: ISignal<IBeats, void>;
  /** Whether this page can sign none. */
  readonly hasFailed: boolean;
  /** It turned out so. */
  readonly failed: ISignal<IBeats, void>;
}

/** Whether what is typed is saved; there is none outside a room. */
export const ICustody = new Token<ICustody>(
  '@nbinterview/lab:ICustody',
  'How it stands with what this person writes into the notebook.'
);

/** How it stands with what this person writes into the notebook. */
export interface ICustody {
  readonly standing: IStanding;
  /** It changed, so that somebody would see it. */
  readonly changed: ISignal<ICustody, void>;
  readonly handedBack: IHandedBack;
  /** Show the standing of this provider from now on. */
  follow(provider: RoomProvider): void;
  /** The text of this person's that the room has not saved; may be empty. */
  unsavedText(): string;
  /** Resolves when this browser's database is up to date. */
  flushed(): Promise<void>;
}

/** The room's own look; null where the server is not an interview's room. */
export const IRoom = new Token<IRoom | null>(
  '@nbinterview/lab:IRoom',
  "The room's title bar, notices and notebook; null outside a room."
);

/** The room around the notebook. */
export interface IRoom {
  /** Quiet messages to the person at this page. */
  readonly notices: Notices;
  /** The interview's notebook, null until it is open. */
  readonly notebook: NotebookPanel | null;
  /** The notebook was opened, or opened again. */
  readonly notebookOpened: ISignal<IRoom, NotebookPanel>;
  /** Put something into the title bar, before the people. */
  addToBar(widget: Widget): void;
}

/** The replay; null where the server is not an interview's room. */
export const IReplay = new Token<IReplay | null>(
  '@nbinterview/lab:IReplay',
  'The interview as a film beside the notebook; null outside a room.'
);

/** The interview as a film beside the notebook. Not for candidates: the room refuses it. */
export interface IReplay {
  /** Show the notebook as it was at this time of day (ISO 8601). */
  show(at: string): Promise<void>;
}

/** What the candidate agreed to; null for everybody else. */
export const IWatch = new Token<IWatch | null>(
  '@nbinterview/lab:IWatch',
  'Which sensors may measure now; null outside a room.'
);

/** Which sensors may measure now. */
export interface IWatch {
  /** Whether the candidate has started, and the interview goes on. */
  readonly isWatching: boolean;
  /** The sensors that are agreed to, while watching runs. */
  readonly active: ReadonlySet<Sensor>;
  /** They changed, or watching began or ended. */
  readonly activeChanged: ISignal<IWatch, void>;
}
