/** Receipts: a checkpoint to keep outside of the platform, and check a record by later. */

import type { CheckpointMessage, Receipt } from '../wire';

/** What a witness saw, in the form that `nbinterview verify --receipt` takes. */
export function receiptOf(seen: CheckpointMessage): Receipt {
  const { checkpoint, certificate, countersignature } = seen;
  return {
    format: 1,
    interview: checkpoint.interview,
    checkpoint,
    certificate,
    // The service may have signed an earlier head; that says nothing about this one.
    countersignature:
      countersignature?.size === checkpoint.size ? countersignature : null,
    platform_keys: []
  };
}

/** The text of a receipt's file. */
export function receiptText(receipt: Receipt): string {
  return `${JSON.stringify(receipt, null, 2)}\n`;
}

/** Its file's name, which says which interview it is and how much it covers. */
export function receiptName({ interview, checkpoint }: Receipt): string {
  // Whatever the room says goes into a name of a file only as far as it is harmless.
  const id = interview.replace(/[^0-9a-z]/g, '').slice(0, 32);
  return `receipt-${id}-${checkpoint.size}.json`;
}

/** Let the browser save it as a file. */
export function download(receipt: Receipt): void {
  const blob = new Blob([receiptText(receipt)], { type: 'application/json' });
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = receiptName(receipt);
  link.click();
  // The browser has taken it when this page gets to speak again.
  setTimeout(() => {
    URL.revokeObjectURL(url);
  }, 10_000);
}
