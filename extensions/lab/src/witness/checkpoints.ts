/** What a room says of its record's head, and whether its key said it. */

import type { Certificate, Checkpoint, CheckpointMessage, TreeHead } from '../wire';
import { keyId, verifySignature } from './signing';
import type { ISubtle } from './support';

/**
 * `signed` by the certified key; `uncertified` while no certificate for the key is there,
 * so that nobody can check it yet; `forged` when the certified key did not sign it.
 */
export type Signed = 'signed' | 'uncertified' | 'forged';

/** Whether the room's own key signed this checkpoint. */
export async function checkSignature(
  { checkpoint, certificate }: CheckpointMessage,
  subtle: ISubtle
): Promise<Signed> {
  if (certificate === null || !(await isFor(certificate, checkpoint, subtle))) {
    return 'uncertified';
  }
  const { signature, ...body } = checkpoint;
  const isSigned =
    certificate.interview === checkpoint.interview &&
    (await verifySignature(
      certificate.public_key,
      'checkpoint',
      body,
      signature,
      subtle
    ));
  return isSigned ? 'signed' : 'forged';
}

/** A certificate of another key says nothing: a new key's comes later. */
async function isFor(
  { public_key }: Certificate,
  { key_id }: Checkpoint,
  subtle: ISubtle
): Promise<boolean> {
  return (await keyId(public_key, subtle)) === key_id;
}

/** Size and root alone. */
export function headOf({ size, root }: TreeHead): TreeHead {
  return { size, root };
}
