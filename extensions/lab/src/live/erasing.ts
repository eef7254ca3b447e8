/** What the room says is erased, and what this browser keeps of it. */

/** Whether this kind of records is erased: no kind by name is all of them. */
export function covers(kinds: readonly string[], kind: string): boolean {
  return kinds.length === 0 || kinds.includes(kind);
}
