/** What the room's title bar knows. */

import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { IStanding } from '../custody/standing';
import type { ICustody, ILive } from '../tokens';
import type { InterviewState, Person, Role, UsageMessage, Welcome } from '../wire';
import { presentPeople } from './people';
import type { SavedState, ToldState } from './saved';
import { savedState, toldState } from './saved';
import { STALE_MS } from './usage';

/** Folds the live messages and the notebook's standing into what the bar shows. */
export class RoomModel {
  constructor(
    live: ILive,
    private readonly _custody: ICustody
  ) {
    if (live.welcome !== null) {
      this._take(live.welcome);
    }
    live.welcomed.connect((_, welcome) => {
      this._take(welcome);
    });
    live.heard('people').connect((_, { people }) => {
      this._people = people;
      this._changed.emit();
    });
    live.heard('state').connect((_, { state }) => {
      this._interviewState = state;
      this._changed.emit();
    });
    live.heard('usage').connect((_, usage) => {
      this._use(usage);
    });
    live.heard('kernel').connect((_, kernel) => {
      if (kernel.state === 'died' || kernel.state === 'refused') {
        this._use(null);
      }
    });
    _custody.changed.connect(() => {
      this._changed.emit();
    });
    this.changed.connect(() => {
      this._told = toldState(this._told, this.saved);
    });
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get title(): string {
    return this._title;
  }

  /** Of the person at this page; null before the welcome. */
  get role(): Role | null {
    return this._role;
  }

  /** Hub name of the person at this page; empty before the welcome. */
  get self(): string {
    return this._self;
  }

  get interviewState(): InterviewState | null {
    return this._interviewState;
  }

  get presentPeople(): Person[] {
    return presentPeople(this._people, this._self);
  }

  /** How it stands with what this page wrote. */
  get standing(): IStanding {
    return this._custody.standing;
  }

  get saved(): SavedState {
    return savedState(this.standing, this._interviewState);
  }

  /** What the kernel uses now; null when there is none. */
  get usage(): UsageMessage | null {
    return this._usage;
  }

  /** The last state that was worth reading out. */
  get told(): ToldState | null {
    return this._told;
  }

  private _use(usage: UsageMessage | null): void {
    clearTimeout(this._staleTimer);
    if (usage !== null) {
      this._staleTimer = setTimeout(() => {
        this._use(null);
      }, STALE_MS);
    }
    this._usage = usage;
    this._changed.emit();
  }

  private _take(welcome: Welcome): void {
    this._title = welcome.title;
    this._self = welcome.hub_name;
    this._role = welcome.role;
    this._people = welcome.people;
    this._interviewState = welcome.state;
    this._changed.emit();
  }

  private _title = '';
  private _self = '';
  private _role: Role | null = null;
  private _people: readonly Person[] = [];
  private _interviewState: InterviewState | null = null;
  private _usage: UsageMessage | null = null;
  private _staleTimer: ReturnType<typeof setTimeout> | undefined;
  private _told: ToldState | null = null;
  private readonly _changed = new Signal<this, void>(this);
}
