/**
 * A key's painting comes first: measuring takes its turn right after one, so that the
 * next key finds the machine idle. Only when a key went down is known, never which. Pure.
 */

/** By then a key is painted. */
export const PAINT_MS = 30;
/** So soon after that, the next key of a fast typist is still far. */
const SLOT_MS = 25;
/** Without a key for so long nobody types. */
const TYPING_MS = 250;
/** No picture waits longer for keys than this. */
const PATIENCE_MS = 300;

/** Whether a picture that is due since `due_ms` may be taken now. */
export function mayMeasure(at_ms: number, key_ms: number, due_ms: number): boolean {
  const since_ms = at_ms - key_ms;
  return (
    since_ms >= TYPING_MS ||
    (since_ms >= PAINT_MS && since_ms <= PAINT_MS + SLOT_MS) ||
    at_ms - due_ms >= PATIENCE_MS
  );
}
