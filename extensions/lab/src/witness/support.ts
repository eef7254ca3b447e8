/** Whether this browser can check signatures at all. */

/** The part of WebCrypto that a witness needs. */
export type ISubtle = Pick<SubtleCrypto, 'digest' | 'importKey' | 'verify'>;

/** A public key that somebody made; its curve is all that matters. */
const SOME_KEY = new Uint8Array([
  0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64,
  0x07, 0x3a, 0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68,
  0xf7, 0x07, 0x51, 0x1a
]);

/**
 * WebCrypto, where it knows Ed25519: Chromium from 137, Firefox from 129, Safari from 17,
 * and only on pages that came by https or from this computer. Null elsewhere.
 */
export async function usableSubtle(
  crypto: { readonly subtle?: ISubtle } | undefined
): Promise<ISubtle | null> {
  const subtle = crypto?.subtle;
  if (subtle === undefined) {
    return null;
  }
  try {
    await subtle.importKey('raw', SOME_KEY, 'Ed25519', false, ['verify']);
    return subtle;
  } catch {
    return null;
  }
}
