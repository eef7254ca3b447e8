/** What the page says about the person's work: is it kept? */

import type { LiveStatus } from '../tokens';
import type { InterviewState } from '../wire';

/**
 * `saved` and `saving` are the room's word; `offline` is what this page sees itself;
 * `kept` is after the interview's end, when the record has everything.
 */
export type SavedState = 'connecting' | 'saved' | 'saving' | 'offline' | 'kept';

/**
 * Work out what to say.
 *
 * @param status - Whether the page reaches its room.
 * @param dirty - Whether the shared notebook says that it holds unsaved changes: an
 *   edit sets this, and the room unsets it once the notebook is stored there. Null
 *   before the notebook is open.
 * @param state - Where the interview stands; null before the room said so.
 */
export function savedState(
  status: LiveStatus,
  dirty: boolean | null,
  state: InterviewState | null
): SavedState {
  if (state === 'ended') {
    return status === 'online' && dirty === true ? 'saving' : 'kept';
  }
  if (status === 'offline') {
    return 'offline';
  }
  if (status === 'connecting' || dirty === null) {
    return 'connecting';
  }
  return dirty ? 'saving' : 'saved';
}
