/** A widget's comm, as a frame has it: a name for one of the page's. */

import type { ICallbacks, IClassicComm } from '@jupyter-widgets/base';
import type { JSONObject, JSONValue } from '@lumino/coreutils';
import type { CommMessage, JsonObject } from '../protocol';

type Listener = (message: never) => void;

/** What widget models read of a message of the kernel. */
export interface KernelMessage {
  header: { msg_type: string };
  parent_header: { msg_id?: string };
  metadata: JsonObject;
  content: JsonObject;
  buffers: DataView[];
}

/** Make of a page's message what widget models read. */
export function asKernelMessage(message: CommMessage): KernelMessage {
  const { answers } = message.metadata;
  return {
    header: { msg_type: message.msg_type },
    parent_header: typeof answers === 'string' ? { msg_id: answers } : {},
    metadata: { version: '2.1.0' },
    content: message.content,
    buffers: message.buffers.map(buffer => new DataView(buffer))
  };
}

/** One model's way to its twin in the kernel. */
export class FrameComm implements IClassicComm {
  constructor(
    readonly comm_id: string,
    private readonly _say: (message: CommMessage) => void
  ) {}

  readonly target_name = 'jupyter.widget';

  /** The kernel opens comms; a frame opens none. */
  open(): string {
    return '';
  }

  send(
    data: JSONValue,
    callbacks?: ICallbacks,
    _metadata?: JSONObject,
    buffers: ArrayBuffer[] | ArrayBufferView[] = []
  ): string {
    const id = `${this.comm_id}-${++this._sent}`;
    this._say({
      msg_type: 'comm_msg',
      content: { comm_id: this.comm_id, data: data },
      metadata: { id },
      buffers: Array.from(buffers, copyOf)
    });
    // The page waits for the kernel and sends only the latest; nothing waits here.
    const idle = { content: { execution_state: 'idle' } };
    setTimeout(() => {
      (
        callbacks?.iopub as { status?: (message: unknown) => void } | undefined
      )?.status?.(idle);
    });
    return id;
  }

  /** A frame that goes away takes nothing from the kernel. */
  close(): string {
    return '';
  }

  on_msg(listener: Listener): void {
    this._onMessage = listener;
  }

  on_close(listener: Listener): void {
    this._onClose = listener;
  }

  /** Take what the kernel said. */
  receive(message: KernelMessage): void {
    const listener =
      message.header.msg_type === 'comm_close' ? this._onClose : this._onMessage;
    listener?.(message as never);
  }

  private _onMessage: Listener | null = null;
  private _onClose: Listener | null = null;
  private _sent = 0;
}

function copyOf(buffer: ArrayBuffer | ArrayBufferView): ArrayBuffer {
  const bytes = ArrayBuffer.isView(buffer)
    ? new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
    : new Uint8Array(buffer);
  return bytes.slice().buffer;
}
