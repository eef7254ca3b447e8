/** The record's tree, as far as a witness needs it: RFC 9162 section 2.1.4.2. */

import { fromHex, sha256Hex } from './bytes';
import type { ISubtle } from './support';

const HASH_BYTES = 32;
/** A proof is no longer than two hashes for each level of a tree that fits in a number. */
const MAX_PATH = 2 * 53;

/** Size and root hash (64 hex digits) of a tree. */
export interface ITreeHead {
  readonly size: number;
  readonly root: string;
}

/** Whether this could be the head of a record with something in it. */
export function isTreeHead({ size, root }: ITreeHead): boolean {
  return Number.isSafeInteger(size) && size >= 1 && isHash(root);
}

/**
 * Whether `second` is `first` with records added behind it, and nothing else changed.
 *
 * @param path - The proof, hashes in hex.
 */
export async function verifyConsistency(
  first: ITreeHead,
  second: ITreeHead,
  path: readonly string[],
  subtle: ISubtle
): Promise<boolean> {
  const isSane = isTreeHead(first) && isTreeHead(second) && path.every(isHash);
  if (!isSane || first.size > second.size || path.length > MAX_PATH) {
    return false;
  }
  if (first.size === second.size) {
    return path.length === 0 && first.root === second.root;
  }
  // A whole subtree's root is not in its own proof.
  const steps = isPowerOfTwo(first.size) ? [first.root, ...path] : path;
  const start = steps.at(0);
  if (start === undefined) {
    return false;
  }
  let left = first.size - 1;
  let right = second.size - 1;
  while (isOdd(left)) {
    left = half(left);
    right = half(right);
  }
  let firstRoot = start;
  let secondRoot = start;
  for (const hash of steps.slice(1)) {
    if (right === 0) {
      return false;
    }
    if (isOdd(left) || left === right) {
      firstRoot = await node(hash, firstRoot, subtle);
      secondRoot = await node(hash, secondRoot, subtle);
      while (!isOdd(left) && left !== 0) {
        left = half(left);
        right = half(right);
      }
    } else {
      secondRoot = await node(secondRoot, hash, subtle);
    }
    left = half(left);
    right = half(right);
  }
  return right === 0 && firstRoot === first.root && secondRoot === second.root;
}

/** The hash over two subtrees. */
async function node(left: string, right: string, subtle: ISubtle): Promise<string> {
  const bytes = fromHex(`01${left}${right}`);
  if (bytes === null) {
    throw new Error('Only hashes in hex have a node over them.');
  }
  return await sha256Hex(subtle, bytes);
}

function isHash(text: unknown): text is string {
  return typeof text === 'string' && fromHex(text)?.length === HASH_BYTES;
}

// No bit operators: they end at 32 bits.

function isOdd(value: number): boolean {
  return value % 2 === 1;
}

function half(value: number): number {
  return Math.floor(value / 2);
}

function isPowerOfTwo(value: number): boolean {
  let rest = value;
  while (rest > 1 && !isOdd(rest)) {
    rest = half(rest);
  }
  return rest === 1;
}
