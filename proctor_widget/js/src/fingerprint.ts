/**
 * A fingerprint that tells "this very text was here before" without keeping the text.
 *
 * It never leaves the page, so it need not resist an attacker; it must be synchronous,
 * which the browser's SHA-256 is not. Two FNV-1a hashes of 32 bits and the length.
 */
const FNV_PRIME = 0x01000193;
const SEEDS = [0x811c9dc5, 0x050c5d1f];

/** Fingerprint of a text, whatever the line ends and the white space around it. */
export function fingerprint(text: string): string {
  const plain = text.replace(/\r\n?/g, '\n').trim();
  const hashes = SEEDS.map(seed => fnv1a(plain, seed).toString(16));
  return [plain.length, ...hashes].join('-');
}

function fnv1a(text: string, seed: number): number {
  let hash = seed;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), FNV_PRIME);
  }
  return hash >>> 0;
}
