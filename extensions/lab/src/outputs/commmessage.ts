/** Messages of comms, as a kernel gets and sends them. */

import type { JsonObject } from '@nbinterview/frame';
import type { Kernel } from '@jupyterlab/services';
import { KernelMessage } from '@jupyterlab/services';

/** A message to the kernel. */
export function shellMessage(
  kernel: Kernel.IKernelConnection,
  msgType: 'comm_open' | 'comm_msg' | 'comm_close',
  content: JsonObject,
  metadata: JsonObject = {}
): KernelMessage.IShellMessage {
  return KernelMessage.createMessage({
    msgType,
    channel: 'shell',
    username: kernel.username,
    session: kernel.clientId,
    content,
    metadata
  } as unknown as KernelMessage.IOptions<KernelMessage.ICommMsgMsg<'shell'>>);
}

/** Its bytes in memory of their own, which can be handed over. */
export function copyOf(buffer: ArrayBuffer | ArrayBufferView): ArrayBuffer {
  const bytes = ArrayBuffer.isView(buffer)
    ? new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
    : new Uint8Array(buffer);
  return bytes.slice().buffer;
}
