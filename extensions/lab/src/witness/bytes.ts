/** Bytes, their hex, and SHA-256. */

import type { ISubtle } from './support';

const HEX = /^(?:[0-9a-f]{2})*$/;

/** The bytes of lower-case hex; null for anything else. */
export function fromHex(text: string): Uint8Array<ArrayBuffer> | null {
  if (!HEX.test(text)) {
    return null;
  }
  const bytes = new Uint8Array(text.length / 2);
  for (let at = 0; at < bytes.length; at += 1) {
    bytes[at] = Number.parseInt(text.slice(2 * at, 2 * at + 2), 16);
  }
  return bytes;
}

/** Lower-case hex, as everything of the record is written. */
export function toHex(bytes: Uint8Array): string {
  return [...bytes].map(byte => byte.toString(16).padStart(2, '0')).join('');
}

/** SHA-256 in hex. */
export async function sha256Hex(
  subtle: ISubtle,
  bytes: Uint8Array<ArrayBuffer>
): Promise<string> {
  return toHex(new Uint8Array(await subtle.digest('SHA-256', bytes)));
}
