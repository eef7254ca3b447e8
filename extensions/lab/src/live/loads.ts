/**
 * Which loads of the page are over.
 *
 * Each page holds a lock of the browser's under its boot id for as long as it lives, also
 * while it sleeps; a crash lets go of it. Who gets the lock of an earlier load may send
 * what that one left, and nobody else then.
 */

/** Which loads of the page are over, and whose messages this page sends. */
export interface ILoads {
  /** Whether this page sends the messages of that load. */
  isClaimed(bootId: string): boolean;
  /** Whether that load is over and its messages are this page's from now on. */
  claim(bootId: string): Promise<boolean>;
  /** Resolves when it is over, and its messages are this page's. */
  whenOver(bootId: string): Promise<void>;
}

/** A page that shares its database with no other. */
export const ALONE: ILoads = {
  isClaimed: () => true,
  claim: () => Promise.resolve(true),
  whenOver: () => Promise.resolve()
};

/** The part of `navigator.locks` that is used here. */
export type ILocks = Pick<LockManager, 'request'>;

/** Knows by the browser's locks. They are of one origin: the prefix says of which room. */
export class Loads implements ILoads {
  constructor(
    private readonly _locks: ILocks,
    private readonly _prefix: string
  ) {}

  isClaimed(bootId: string): boolean {
    return this._claimed.has(bootId);
  }

  claim(bootId: string): Promise<boolean> {
    return this._request(bootId, { ifAvailable: true });
  }

  async whenOver(bootId: string): Promise<void> {
    await this._request(bootId, {});
  }

  /** Resolves once it is known whether the lock is this page's, which then keeps it. */
  private _request(bootId: string, options: LockOptions): Promise<boolean> {
    if (this.isClaimed(bootId)) {
      return Promise.resolve(true);
    }
    return new Promise(resolve => {
      this._locks
        .request(`${this._prefix}:${bootId}`, options, async lock => {
          if (lock !== null) {
            this._claimed.add(bootId);
          }
          resolve(lock !== null);
          if (lock !== null) {
            await new Promise(() => undefined); // until this page is gone
          }
        })
        .catch((error: unknown) => {
          // A browser that gives no locks here: then no page knows of another.
          console.warn('Pages of this room cannot be told apart:', error);
          this._claimed.add(bootId);
          resolve(true);
        });
    });
  }

  private readonly _claimed = new Set<string>();
}
