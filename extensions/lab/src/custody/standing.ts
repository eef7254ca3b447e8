/** How it stands with what this person writes, for the page to show. */

import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { ICustody } from '../tokens';
import type { IRefusal, RoomProvider } from './provider';

/** Saving takes a few milliseconds: `saved` waits a little, or it would only flicker. */
export const SETTLE_MS = 400;
/** Saving that lasts longer deserves a number. */
export const LONG_MS = 2_000;

/** How it stands with the shared notebook. */
export interface IStanding {
  /** Whether the page reaches the room's notebook; `connecting` before it ever did. */
  readonly line: 'connecting' | 'online' | 'offline';
  /** Whether something is being saved, or was a moment ago; `long` deserves a number. */
  readonly saving: 'none' | 'some' | 'long';
  /** How many edits the room has not saved. */
  readonly unsaved: number;
  /** Whether this browser keeps them over a reload. */
  readonly survives: boolean;
  /** What the room did not take; nothing more is sent after that. */
  readonly refusal: IRefusal | null;
}

/** Text that the room did not take on an earlier load of this page. */
export interface IHandedBack {
  /** May be empty. */
  readonly text: string;
  /** The person has seen it. */
  forget(): void;
}

const NOT_OPEN: IStanding = {
  line: 'connecting',
  saving: 'none',
  unsaved: 0,
  survives: true,
  refusal: null
};

/** Follows the provider of the interview's notebook. */
export class Custody implements ICustody {
  constructor(readonly handedBack: IHandedBack) {}

  get standing(): IStanding {
    return this._standing;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Show the standing of this provider from now on. */
  follow(provider: RoomProvider): void {
    this._provider?.changed.disconnect(this._look);
    this._provider = provider;
    provider.changed.connect(this._look);
    this._look();
  }

  /** The network came back, or the page woke up. */
  check(): void {
    this._provider?.check();
  }

  /** This page is going. */
  leave(): void {
    this._provider?.leave();
  }

  /** The text of this person's that the room has not saved; it stays in this browser. */
  unsavedText(): string {
    return this._provider?.unsavedText() ?? '';
  }

  /** Resolves when this browser's database is up to date. */
  async flushed(): Promise<void> {
    await this._provider?.flushed();
  }

  private readonly _look = (): void => {
    if (this._provider !== null) {
      const standing = this._stand(this._provider);
      if (isSeen(this._standing, standing)) {
        this._standing = standing;
        this._changed.emit();
      } else {
        this._standing = standing;
      }
    }
  };

  private _stand(provider: RoomProvider): IStanding {
    const { hasSynced, isOnline, unsaved, survives, refusal } = provider;
    const lineBefore = hasSynced ? 'offline' : 'connecting';
    return {
      line: isOnline ? 'online' : lineBefore,
      saving: this._saving(unsaved),
      unsaved,
      survives,
      refusal
    };
  }

  private _saving(unsaved: number): IStanding['saving'] {
    const { saving } = this._standing;
    if (unsaved > 0) {
      clearTimeout(this._settling);
      this._settling = undefined;
      this._lasting ??= setTimeout(() => {
        this._become('long');
      }, LONG_MS);
      return saving === 'none' ? 'some' : saving;
    }
    clearTimeout(this._lasting);
    this._lasting = undefined;
    if (saving === 'some') {
      this._settling ??= setTimeout(() => {
        this._become('none');
      }, SETTLE_MS);
      return 'some';
    }
    return 'none';
  }

  private _become(saving: IStanding['saving']): void {
    this._standing = { ...this._standing, saving };
    this._changed.emit();
  }

  private _provider: RoomProvider | null = null;
  private _standing: IStanding = NOT_OPEN;
  private _lasting: ReturnType<typeof setTimeout> | undefined;
  private _settling: ReturnType<typeof setTimeout> | undefined;
  private readonly _changed = new Signal<this, void>(this);
}

/** Whether anybody would see the difference: a number is shown when saving is not quick. */
function isSeen(before: IStanding, now: IStanding): boolean {
  return (
    before.line !== now.line ||
    before.saving !== now.saving ||
    before.survives !== now.survives ||
    before.refusal !== now.refusal ||
    (before.unsaved !== now.unsaved && (now.line !== 'online' || now.saving === 'long'))
  );
}
