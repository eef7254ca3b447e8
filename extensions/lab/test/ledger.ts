/** A record's tree and its keys, for the tests: RFC 6962 section 2.1 as it is written. */

import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto';

import { signedBytes } from '../src/witness/signing';
import type { Certificate, Checkpoint, CheckpointMessage } from '../src/wire';

export const INTERVIEW = 'abcdefghij';
/** The clock of these records. */
export const TIME = '2026-11-23T16:00:00.000Z';

const sha256 = (bytes: Uint8Array): Buffer =>
  createHash('sha256').update(bytes).digest();

/** Leaves that differ from those of another `kind`. */
export function leaves(count: number, kind = 'a'): Buffer[] {
  return Array.from({ length: count }, (_, at) => sha256(Buffer.from(`${kind}${at}`)));
}

export function root(of: readonly Buffer[]): Buffer {
  if (of.length < 2) {
    return of.at(0) ?? sha256(Buffer.alloc(0));
  }
  const at = split(of.length);
  return node(root(of.slice(0, at)), root(of.slice(at)));
}

export function proof(first: number, of: readonly Buffer[]): string[] {
  return subproof(first, of, true).map(hash => hash.toString('hex'));
}

function subproof(first: number, of: readonly Buffer[], isWhole: boolean): Buffer[] {
  if (first === of.length) {
    return isWhole ? [] : [root(of)];
  }
  const at = split(of.length);
  return first <= at
    ? [...subproof(first, of.slice(0, at), isWhole), root(of.slice(at))]
    : [...subproof(first - at, of.slice(at), false), root(of.slice(0, at))];
}

function node(left: Buffer, right: Buffer): Buffer {
  return sha256(Buffer.concat([Buffer.from([1]), left, right]));
}

function split(size: number): number {
  let at = 1;
  while (2 * at < size) {
    at *= 2;
  }
  return at;
}

/** A room that signs its record, as far as a page sees it. */
export class SigningRoom {
  constructor(
    public record: Buffer[],
    seed = 1
  ) {
    this._key = createPrivateKey({
      key: Buffer.concat([
        Buffer.from('302e020100300506032b657004220420', 'hex'),
        Buffer.alloc(32, seed)
      ]),
      format: 'der',
      type: 'pkcs8'
    });
    const spki = createPublicKey(this._key).export({ format: 'der', type: 'spki' });
    this.publicKey = spki.subarray(-32);
    this.keyId = sha256(this.publicKey).toString('hex').slice(0, 16);
  }

  readonly publicKey: Buffer;
  readonly keyId: string;

  checkpoint(size = this.record.length): Checkpoint {
    const body = {
      format: 1 as const,
      interview: INTERVIEW,
      size,
      root: root(this.record.slice(0, size)).toString('hex'),
      time: TIME,
      key_id: this.keyId
    };
    return { ...body, signature: this.sign('checkpoint', body) };
  }

  get certificate(): Certificate {
    const body = {
      format: 1 as const,
      interview: INTERVIEW,
      public_key: this.publicKey.toString('hex'),
      issued_at: TIME,
      replaces: null,
      platform_key_id: '0'.repeat(16)
    };
    return { ...body, signature: this.sign('certificate', body) };
  }

  shows(size = this.record.length): CheckpointMessage {
    return {
      type: 'checkpoint',
      checkpoint: this.checkpoint(size),
      certificate: this.certificate,
      countersignature: null
    };
  }

  sign(domain: 'checkpoint' | 'certificate', body: object): string {
    const bytes = signedBytes(domain, body);
    if (bytes === null) {
      throw new Error('This has no canonical form.');
    }
    return sign(null, bytes, this._key).toString('hex');
  }

  private readonly _key;
}
