/** How long to wait before the next try to connect. */

/** First wait. */
export const FIRST_DELAY_MS = 500;
/** Longest wait. */
export const LONGEST_DELAY_MS = 15_000;

/**
 * The wait before try number `attempt` (0 is the first after a loss).
 *
 * It doubles up to the longest wait, and takes a random share between half and
 * all of it, so that the pages of one interview do not all come back at once.
 *
 * @param attempt - Tries that failed since the last connection.
 * @param random - A number from 0 to 1, exclusive.
 */
export function reconnectDelayMs(attempt: number, random: number): number {
  const full = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(attempt, 10));
  return Math.round(full * (0.5 + random / 2));
}
