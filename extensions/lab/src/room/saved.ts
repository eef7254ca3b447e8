/** What the page says about the person's work: is it kept? */

import type { LiveStatus } from '../tokens';

/** `saved` and `saving` are the room's word; `offline` is what this page sees itself. */
export type SavedState = 'connecting' | 'saved' | 'saving' | 'offline';

/**
 * Work out what to say.
 *
 * @param status - Whether the page reaches its room.
 * @param dirty - Whether the shared notebook says that it holds unsaved changes: an
 *   edit sets this, and the room unsets it once the notebook is stored there. Null
 *   before the notebook is open.
 */
export function savedState(status: LiveStatus, dirty: boolean | null): SavedState {
  if (status === 'offline') {
    return 'offline';
  }
  if (status === 'connecting' || dirty === null) {
    return 'connecting';
  }
  return dirty ? 'saving' : 'saved';
}
