/** Signatures of the record: Ed25519 over a word for what it is, and canonical JSON. */

import canonicalize from 'canonicalize';

import { fromHex, sha256Hex } from './bytes';
import type { ISubtle } from './support';

/** What is signed; a signature for one is none for another. */
export type Domain = 'checkpoint' | 'certificate' | 'countersignature';

const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
const ID_DIGITS = 16;

/** The bytes that are signed; null for what has no canonical form (RFC 8785). */
export function signedBytes(
  domain: Domain,
  body: object
): Uint8Array<ArrayBuffer> | null {
  try {
    const text = canonicalize(body);
    return text === undefined
      ? null
      : new TextEncoder().encode(`nbinterview ${domain}\n${text}`);
  } catch {
    return null; // half a character, or a number that JSON does not know
  }
}

/** Whether this key signed this. Anything misshapen is not signed. */
export async function verifySignature(
  publicHex: string,
  domain: Domain,
  body: object,
  signatureHex: string,
  subtle: ISubtle
): Promise<boolean> {
  const [key, signature] = [fromHex(publicHex), fromHex(signatureHex)];
  const bytes = signedBytes(domain, body);
  if (
    key?.length !== KEY_BYTES ||
    signature?.length !== SIGNATURE_BYTES ||
    bytes === null
  ) {
    return false;
  }
  try {
    const imported = await subtle.importKey('raw', key, 'Ed25519', false, ['verify']);
    return await subtle.verify('Ed25519', imported, signature, bytes);
  } catch {
    return false; // no point of the curve
  }
}

/** The short name of a public key; empty for what is none. */
export async function keyId(publicHex: string, subtle: ISubtle): Promise<string> {
  const key = fromHex(publicHex);
  return key?.length === KEY_BYTES
    ? (await sha256Hex(subtle, key)).slice(0, ID_DIGITS)
    : '';
}
