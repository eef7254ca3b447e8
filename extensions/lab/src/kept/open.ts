/** Opens a kept list in this browser, or in memory where the browser keeps nothing. */

import { openStore } from './indexeddb';
import { Kept } from './kept';

/**
 * Open the list of this name, with what earlier page loads left in it.
 *
 * @param onStoreFailure - Told once, when the browser does not keep it (any more).
 */
export async function openKept<T extends object>(
  name: string,
  onStoreFailure: () => void = () => undefined
): Promise<Kept<T>> {
  const fail = (error: unknown): void => {
    console.warn('This browser keeps nothing over a reload:', error);
    onStoreFailure();
  };
  const store = await openStore<T>(indexedDB, name).catch((error: unknown) => {
    fail(error);
    return null;
  });
  const kept = new Kept<T>(store, fail);
  await kept.load();
  return kept;
}
