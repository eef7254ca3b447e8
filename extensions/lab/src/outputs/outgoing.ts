/**
 * What framed widgets say to the kernel: of each comm one message at a time.
 *
 * A slider says more than a busy kernel takes. What waits is merged, so that the kernel
 * gets the latest and no queue of the past.
 */

import type { CommMessage, JsonObject } from '@nbinterview/frame';
import type { Kernel } from '@jupyterlab/services';

import { shellMessage } from './commmessage';
import { isObject } from './json';
import type { IKernelLink } from './tokens';

const MAX_CHARS = 200 * 1024;
const MAX_BYTES = 1024 * 1024;
const MAX_WAITING = 100;

/** What a frame said. */
export interface Said {
  link: IKernelLink;
  data: JsonObject;
  /** The frame's name of the last message that is in it. */
  id: string;
  buffers: ArrayBuffer[];
}

/** What one page's frames say. */
export class Outgoing {
  /** To whom it goes; without one, what is said is lost. */
  kernel: Kernel.IKernelConnection | null = null;

  /** Pass on what a frame says of a comm, at once or when the kernel has the last one. */
  say(comm: string, link: IKernelLink, message: CommMessage): void {
    const said = saidBy(link, message);
    if (said === null) {
      return;
    }
    const waiting = this._waiting.get(comm);
    if (waiting === undefined) {
      this._send(comm, said, []);
      return;
    }
    const last = waiting.at(-1);
    const merged = last === undefined ? null : together(last, said);
    if (merged !== null) {
      waiting[waiting.length - 1] = merged;
    } else if (waiting.length < MAX_WAITING) {
      waiting.push(said);
    }
  }

  /** What the kernel answers by a message with this parent. */
  saidAs(messageId: string): Said | undefined {
    return this._underway.get(messageId);
  }

  /** Forget what waits. */
  clear(): void {
    this._waiting.clear();
  }

  private _send(comm: string, said: Said, waiting: Said[]): void {
    const kernel = this.kernel;
    if (kernel === null) {
      return;
    }
    this._waiting.set(comm, waiting);
    const message = shellMessage(kernel, 'comm_msg', {
      comm_id: comm,
      data: said.data
    });
    message.buffers = said.buffers;
    const name = message.header.msg_id;
    this._underway.set(name, said);
    const done = (): void => {
      this._underway.delete(name);
      // Else it was cleared meanwhile, for another kernel.
      if (this._waiting.get(comm) === waiting) {
        this._waiting.delete(comm);
        const next = waiting.shift();
        if (next !== undefined) {
          this._send(comm, next, waiting);
        }
      }
    };
    // Done when the kernel is idle again.
    kernel.sendShellMessage(message).done.then(done, done);
  }

  /** By comm, for those of which the kernel has a message. */
  private readonly _waiting = new Map<string, Said[]>();
  /** By the page's message. */
  private readonly _underway = new Map<string, Said>();
}

/** What a frame's message says; null when the room would not take it. */
function saidBy(
  link: IKernelLink,
  { content, metadata, buffers }: CommMessage
): Said | null {
  const { data } = content;
  const bytes = buffers.reduce((sum, one) => sum + one.byteLength, 0);
  const isWhole =
    isObject(data) && bytes <= MAX_BYTES && JSON.stringify(data).length <= MAX_CHARS;
  const id = typeof metadata['id'] === 'string' ? metadata['id'] : '';
  return isWhole ? { link, data, id, buffers } : null;
}

/** Two changes of one frame as one, the later values; null when they are no such. */
export function together(first: Said, second: Said): Said | null {
  const [one, two] = [first.data['state'], second.data['state']];
  const isChange =
    first.link === second.link &&
    first.data['method'] === 'update' &&
    second.data['method'] === 'update' &&
    isObject(one) &&
    isObject(two) &&
    first.buffers.length + second.buffers.length === 0;
  return isChange
    ? { ...second, data: { ...second.data, state: { ...one, ...two } } }
    : null;
}
