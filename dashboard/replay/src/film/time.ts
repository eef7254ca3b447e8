/** Moments as people write them. */

/** 00:23:10 */
export function clock(at_ms: number): string {
  const all_s = Math.floor(at_ms / 1000);
  const parts = [Math.floor(all_s / 3600), Math.floor(all_s / 60) % 60, all_s % 60];
  return parts.map(part => String(part).padStart(2, '0')).join(':');
}

/** The time of day where the reader is, as 14:23:10. */
export function timeOfDay(started_at: string, at_ms: number): string {
  const moment = new Date(Date.parse(started_at) + at_ms);
  return Number.isNaN(moment.getTime())
    ? ''
    : moment.toLocaleTimeString('en-GB', { hour12: false });
}

/** As long as it took: 0.3 s, 12 s, 2 min 5 s. */
export function duration(length_ms: number): string {
  if (length_ms < 10_000) {
    return `${(length_ms / 1000).toFixed(1)} s`;
  }
  const all_s = Math.round(length_ms / 1000);
  return all_s < 60 ? `${all_s} s` : `${Math.floor(all_s / 60)} min ${all_s % 60} s`;
}

/** The moment in `#t=23:10` (or `1:23:10`, or seconds); null when there is none. */
export function momentInAddress(hash: string): number | null {
  const [, text] = /[#&]t=((?:\d{1,3}:){0,2}\d{1,6})(?:&|$)/.exec(hash) ?? [];
  if (text === undefined) {
    return null;
  }
  return text.split(':').reduce((sum_s, part) => sum_s * 60 + Number(part), 0) * 1000;
}
