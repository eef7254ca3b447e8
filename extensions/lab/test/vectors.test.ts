import canonicalize from 'canonicalize';
import { describe, expect, it } from 'vitest';

import { toHex } from '../src/witness/bytes';
import { checkSignature } from '../src/witness/checkpoints';
import { keyId, signedBytes, verifySignature } from '../src/witness/signing';
import { verifyConsistency } from '../src/witness/tree';
import type { Certificate, Checkpoint, TreeHead } from '../src/wire';
import read from './vectors/ledger.json';

/** Written by `tests/lab/witness_vectors.py` from the ledger itself. */
const vectors = read as unknown as {
  canonical: { value: object; text: string }[];
  signed_bytes: string;
  key_id: { public_key: string; key_id: string };
  certificate: Certificate;
  platform_key: string;
  checkpoints: Checkpoint[];
  forged: Checkpoint[];
  consistency: { first: TreeHead; second: TreeHead; path: string[] }[];
};

const { subtle } = globalThis.crypto;
const message = (checkpoint: Checkpoint, certificate: Certificate | null) => ({
  type: 'checkpoint' as const,
  checkpoint,
  certificate,
  countersignature: null
});

describe('the browser agrees with Python', () => {
  it.each(vectors.canonical)('on the text of $text', ({ value, text }) => {
    expect(canonicalize(value)).toBe(text);
  });

  it('on what is signed, and on a key’s name', async () => {
    const bytes = signedBytes('checkpoint', { a: 'ö', b: 1 });
    expect(bytes === null ? '' : toHex(bytes)).toBe(vectors.signed_bytes);
    const { public_key, key_id } = vectors.key_id;
    expect(await keyId(public_key, subtle)).toBe(key_id);
  });

  it('on what the room’s key signed', async () => {
    for (const checkpoint of vectors.checkpoints) {
      const shown = message(checkpoint, vectors.certificate);
      expect(await checkSignature(shown, subtle)).toBe('signed');
    }
    for (const checkpoint of vectors.forged) {
      const shown = message(checkpoint, vectors.certificate);
      expect(await checkSignature(shown, subtle)).toBe('forged');
    }
  });

  it('on what the platform’s key signed', async () => {
    const { signature, ...body } = vectors.certificate;
    const { platform_key } = vectors;
    const ask = (domain: 'certificate' | 'countersignature'): Promise<boolean> =>
      verifySignature(platform_key, domain, body, signature, subtle);
    expect(await ask('certificate')).toBe(true);
    expect(await ask('countersignature')).toBe(false);
  });

  it('on every proof, and on none of them for another head', async () => {
    for (const { first, second, path } of vectors.consistency) {
      expect(await verifyConsistency(first, second, path, subtle)).toBe(true);
      const other = { ...first, root: vectors.signed_bytes.slice(0, 64) };
      expect(await verifyConsistency(other, second, path, subtle)).toBe(false);
    }
  });
});
