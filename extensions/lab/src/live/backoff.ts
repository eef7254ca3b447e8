/** How long to wait before the next try to connect. */

/** First wait. */
const FIRST_DELAY_MS = 500;
/** Longest wait. */
const LONGEST_DELAY_MS = 15_000;

/** The first and the longest wait of a connection. */
export interface IPatience {
  firstMs: number;
  longestMs: number;
}

/** Of the live connection: events can wait a little. */
const LIVE: IPatience = { firstMs: FIRST_DELAY_MS, longestMs: LONGEST_DELAY_MS };

/**
 * The wait before try number `attempt` (0 is the first after a loss).
 *
 * It doubles up to the longest wait, and takes a random share between half and
 * all of it, so that the pages of one interview do not all come back at once.
 *
 * @param attempt - Tries that failed since the last connection.
 * @param random - A number from 0 to 1, exclusive.
 * @param patience - The waits of this connection.
 */
export function reconnectDelayMs(
  attempt: number,
  random: number,
  { firstMs, longestMs }: IPatience = LIVE
): number {
  const full = Math.min(longestMs, firstMs * 2 ** Math.min(attempt, 10));
  return Math.round(full * (0.5 + random / 2));
}
