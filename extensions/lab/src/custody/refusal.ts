/** What a refused update takes with it, and the text to hand back. */

import * as Y from 'yjs';

type Decoded = ReturnType<typeof Y.decodeUpdate>;
type Struct = Decoded['structs'][number];

/** For each client, from which clock on nothing can be integrated any more. */
type Cut = Map<number, number>;

/**
 * Which of the later updates cannot stand without the refused one.
 *
 * A client's clock has no gaps, so everything that follows under the same client id goes
 * too; so does what is beside, within or after a piece that went, and its deletion.
 *
 * @param later - Updates in the order in which they were made.
 */
export function dependentsOf<T>(
  refused: Uint8Array,
  later: readonly T[],
  updateOf: (entry: T) => Uint8Array
): T[] {
  const cut: Cut = new Map();
  extend(cut, Y.decodeUpdate(refused));
  return later.filter(entry => {
    const decoded = Y.decodeUpdate(updateOf(entry));
    const depends = isTouched(cut, decoded);
    if (depends) {
      extend(cut, decoded);
    }
    return depends;
  });
}

function extend(cut: Cut, { structs }: Decoded): void {
  for (const { id } of structs) {
    cut.set(id.client, Math.min(cut.get(id.client) ?? Infinity, id.clock));
  }
}

function isTouched(cut: Cut, { structs, ds }: Decoded): boolean {
  const isCut = (client: number, clock: number): boolean =>
    clock >= (cut.get(client) ?? Infinity);
  return (
    structs.some(struct =>
      [struct.id, ...neighbours(struct)].some(id => isCut(id.client, id.clock))
    ) ||
    [...ds.clients].some(([client, ranges]) =>
      ranges.some(({ clock, len }) => isCut(client, clock + len - 1))
    )
  );
}

function neighbours(struct: Struct): Y.ID[] {
  if (!(struct instanceof Y.Item)) {
    return [];
  }
  return [struct.origin, struct.rightOrigin, struct.parent].filter(
    id => id instanceof Y.ID
  );
}

/** A piece of inserted text; a later insertion into it splits it. */
interface IPiece {
  client: number;
  clock: number;
  text: string;
}

/**
 * The text that these updates insert and leave standing, as it would read: each
 * insertion behind the piece that it followed, pieces that follow nothing known on
 * lines of their own.
 */
export function insertedText(updates: readonly Uint8Array[]): string {
  const blocks: IPiece[][] = [];
  const decoded = updates.map(update => Y.decodeUpdate(update));
  for (const { structs } of decoded) {
    for (const struct of structs) {
      if (struct instanceof Y.Item && struct.content instanceof Y.ContentString) {
        insert(blocks, struct, struct.content.str);
      }
    }
  }
  for (const { ds } of decoded) {
    for (const [client, ranges] of ds.clients) {
      for (const { clock, len } of ranges) {
        erase(blocks, client, clock, len);
      }
    }
  }
  return blocks
    .map(block => block.map(piece => piece.text).join(''))
    .filter(text => text.trim() !== '')
    .join('\n');
}

function insert(blocks: IPiece[][], { id, origin }: Y.Item, text: string): void {
  const { client, clock } = id;
  for (const block of blocks) {
    const found = block.find(each => holds(each, origin));
    if (origin === null || found === undefined) {
      continue;
    }
    const end = origin.clock - found.clock + 1;
    const rest = found.text.slice(end);
    if (rest === '' && found.client === client && found.clock + end === clock) {
      found.text += text; // typed on: most of all text is
      return;
    }
    found.text = found.text.slice(0, end);
    const after = { ...found, clock: origin.clock + 1, text: rest };
    const at = block.indexOf(found) + 1;
    block.splice(at, 0, { client, clock, text }, ...(rest === '' ? [] : [after]));
    return;
  }
  blocks.push([{ client, clock, text }]);
}

function holds({ client, clock, text }: IPiece, id: Y.ID | null): boolean {
  return (
    id !== null &&
    id.client === client &&
    id.clock >= clock &&
    id.clock < clock + text.length
  );
}

/** Blank what was deleted again; what was inserted around it keeps its place. */
function erase(blocks: IPiece[][], client: number, clock: number, len: number): void {
  for (const block of blocks) {
    for (const piece of block) {
      const from = Math.max(0, clock - piece.clock);
      const to = Math.min(piece.text.length, clock + len - piece.clock);
      if (piece.client === client && from < to) {
        const rest = { ...piece, clock: piece.clock + to, text: piece.text.slice(to) };
        piece.text = piece.text.slice(0, from);
        block.splice(block.indexOf(piece) + 1, 0, rest);
        break;
      }
    }
  }
}
