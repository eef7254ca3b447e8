/**
 * The way of framed widgets to the kernel.
 *
 * The page keeps what the kernel says of its widgets, so that a frame has them at once,
 * also while the kernel works. A frame learns only of the model that it shows and of
 * those that belong to it, and speaks to no others.
 */

import type { CommMessage, Json, JsonObject } from '@nbinterview/frame';
import type { Kernel } from '@jupyterlab/services';
import { KernelMessage } from '@jupyterlab/services';

import type { IKernelLink, IWidgetFrame } from './tokens';

const TARGET = 'jupyter.widget';
const CONTROL = 'jupyter.widget.control';
const PREFIX = 'IPY_MODEL_';
const MAX_MODELS = 5000;
const MAX_MODEL_CHARS = 4 * 1024 * 1024;
const MAX_SAID_CHARS = 200 * 1024;
const MAX_SAID_BYTES = 1024 * 1024;
const MAX_WAITING = 100;
/** How long a frame waits for a model: of the kernel's answer, or after it. */
const PATIENCE_MS = 60_000;
const PATIENCE_AFTER_MS = 3_000;

type Path = (string | number)[];

/** What the kernel said of one widget so far. */
export class Model {
  constructor(state: JsonObject, paths: Path[], buffers: ArrayBuffer[]) {
    this.update(state, paths, buffers);
  }

  /** Take a change of state. */
  update(state: JsonObject, paths: Path[], buffers: ArrayBuffer[]): void {
    const changed = new Set([...Object.keys(state), ...paths.map(path => path[0])]);
    this._attached = this._attached.filter(({ path }) => !changed.has(path[0]));
    paths.forEach((path, at) => {
      const buffer = buffers.at(at);
      if (buffer !== undefined) {
        this._attached.push({ path, buffer });
      }
    });
    this._state = { ...this._state, ...state };
  }

  /** As the kernel opens it. */
  opened(id: string): CommMessage {
    return {
      msg_type: 'comm_open',
      content: {
        comm_id: id,
        target_name: TARGET,
        data: {
          state: this._state,
          buffer_paths: this._attached.map(({ path }) => path)
        }
      },
      metadata: {},
      // Handed over to a frame, each gets its own.
      buffers: this._attached.map(({ buffer }) => buffer.slice(0))
    };
  }

  /** The models that this one names. */
  named(): string[] {
    return namedIn(this._state);
  }

  private _state: JsonObject = {};
  private _attached: { path: Path; buffer: ArrayBuffer }[] = [];
}

/** The models that a state names. */
export function namedIn(state: Json): string[] {
  const found: string[] = [];
  const look = [state];
  while (look.length > 0) {
    const value = look.pop();
    if (typeof value === 'string' && value.startsWith(PREFIX)) {
      found.push(value.slice(PREFIX.length));
    } else if (typeof value === 'object' && value !== null) {
      look.push(...Object.values(value));
    }
  }
  return found;
}

/** One frame: the models that it knows, and what it waits for. */
class Link implements IKernelLink {
  constructor(
    readonly frame: IWidgetFrame,
    private readonly _comms: Comms
  ) {}

  readonly known = new Set<string>();
  asked: string | null = null;
  timer = 0;

  send(message: CommMessage): void {
    const id = message.content['comm_id'];
    if (typeof id !== 'string') {
      return;
    }
    if (message.msg_type === 'comm_info_request') {
      this._comms.tell(this, id);
    } else if (message.msg_type === 'comm_msg' && this.known.has(id)) {
      this._comms.say(this, id, message);
    }
  }

  close(): void {
    window.clearTimeout(this.timer);
    this._comms.forget(this);
  }
}

/** What a frame said and the kernel does not have yet: of each comm one message. */
interface Said {
  link: Link;
  data: JsonObject;
  /** The frame's name of the last message that is in it. */
  id: string;
  buffers: ArrayBuffer[];
}

/** The widgets of one page. */
export class Comms {
  /** Make the way of one frame. */
  readonly link = (frame: IWidgetFrame): IKernelLink => {
    const link = new Link(frame, this);
    this._links.add(link);
    return link;
  };

  /** The kernel is this one now, or there is none. */
  set kernel(kernel: Kernel.IKernelConnection | null) {
    if (kernel === this._kernel) {
      return;
    }
    this._kernel?.iopubMessage.disconnect(this._hear);
    this._kernel?.connectionStatusChanged.disconnect(this._onConnection);
    this._kernel?.statusChanged.disconnect(this._onStatus);
    this.gone();
    this._kernel = kernel;
    if (kernel !== null) {
      // Else JupyterLab closes whatever the kernel opens.
      kernel.registerCommTarget(TARGET, () => undefined);
      kernel.iopubMessage.connect(this._hear);
      kernel.connectionStatusChanged.connect(this._onConnection);
      kernel.statusChanged.connect(this._onStatus);
      this._onConnection();
    }
  }

  /** The kernel that knew all these widgets is no more. */
  gone(): void {
    this._models.clear();
    this._busy.clear();
    for (const link of this._links) {
      if (link.known.size > 0) {
        link.known.clear();
        link.frame.kernelGone();
      }
    }
  }

  /** Tell a frame of a model and of all that belongs to it, now or when it is known. */
  tell(link: Link, id: string): void {
    if (this._models.has(id)) {
      this._open(link, id);
      this._answer(link, id, true);
      return;
    }
    link.asked = id;
    window.clearTimeout(link.timer);
    link.timer = window.setTimeout(
      () => {
        this._answer(link, id, false);
      },
      this._isAsked ? PATIENCE_AFTER_MS : PATIENCE_MS
    );
  }

  /** Pass on what a frame says, the latest when the kernel is slower than a hand. */
  say(link: Link, id: string, message: CommMessage): void {
    const { data } = message.content;
    const size = message.buffers.reduce((sum, one) => sum + one.byteLength, 0);
    const isWhole =
      isObject(data) &&
      size <= MAX_SAID_BYTES &&
      JSON.stringify(data).length <= MAX_SAID_CHARS;
    if (!isWhole) {
      return;
    }
    const name = message.metadata['id'];
    const said: Said = {
      link,
      data,
      id: typeof name === 'string' ? name : '',
      buffers: message.buffers
    };
    const waiting = this._busy.get(id);
    if (waiting === undefined) {
      this._send(id, said);
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

  forget(link: Link): void {
    this._links.delete(link);
  }

  private _send(id: string, said: Said): void {
    const kernel = this._kernel;
    if (kernel === null) {
      return;
    }
    const waiting: Said[] = [];
    this._busy.set(id, waiting);
    const message = request(kernel, 'comm_msg', { comm_id: id, data: said.data });
    message.buffers = said.buffers;
    this._sent.set(message.header.msg_id, said);
    const done = (): void => {
      this._sent.delete(message.header.msg_id);
      if (this._busy.get(id) === waiting) {
        this._busy.delete(id);
        const next = waiting.shift();
        if (next !== undefined) {
          this._send(id, next);
          this._busy.get(id)?.push(...waiting);
        }
      }
    };
    // Done when the kernel is idle again.
    kernel.sendShellMessage(message).done.then(done, done);
  }

  private readonly _onConnection = (): void => {
    if (this._kernel?.connectionStatus === 'connected') {
      this._askForStates(this._kernel);
    }
  };

  private readonly _onStatus = (_: unknown, status: Kernel.Status): void => {
    if (['restarting', 'autorestarting', 'dead'].includes(status)) {
      this._isAsked = false;
      this.gone();
    }
  };

  /** Ask for what the kernel said before this page came. */
  private _askForStates(kernel: Kernel.IKernelConnection): void {
    this._isAsked = false;
    const comm_id = crypto.randomUUID();
    const open = request(
      kernel,
      'comm_open',
      { comm_id, target_name: CONTROL, data: {} },
      { version: '1.0.0' }
    );
    const ask = request(kernel, 'comm_msg', {
      comm_id,
      data: { method: 'request_states' }
    });
    const close = request(kernel, 'comm_close', { comm_id, data: {} });
    this._control = comm_id;
    kernel.sendShellMessage(open);
    const answered = (): void => {
      this._isAsked = true;
      for (const link of this._links) {
        if (link.asked !== null) {
          this.tell(link, link.asked);
        }
      }
    };
    kernel.sendShellMessage(ask).done.then(answered, () => undefined);
    kernel.sendShellMessage(close);
  }

  private readonly _hear = (_: unknown, message: KernelMessage.IIOPubMessage): void => {
    const content: unknown = message.content;
    if (!isObject(content) || typeof content['comm_id'] !== 'string') {
      return;
    }
    const id = content['comm_id'];
    const data = isObject(content['data']) ? content['data'] : {};
    const buffers = (message.buffers ?? []).map(copyOf);
    switch (message.header.msg_type) {
      case 'comm_open':
        this._take(id, data, buffers);
        break;
      case 'comm_msg':
        if (id === this._control) {
          this._takeStates(data, buffers);
        } else {
          this._takeMessage(id, data, buffers, message);
        }
        break;
      case 'comm_close':
        this._pass(id, { msg_type: 'comm_close', content, metadata: {}, buffers });
        this._models.delete(id);
        break;
    }
  };

  private _take(id: string, data: JsonObject, buffers: ArrayBuffer[]): void {
    const state = data['state'];
    const isKept =
      isObject(state) &&
      this._models.size < MAX_MODELS &&
      JSON.stringify(state).length <= MAX_MODEL_CHARS;
    if (!isKept || this._models.has(id)) {
      return;
    }
    this._models.set(id, new Model(state, pathsOf(data), buffers));
    for (const link of this._links) {
      if (link.asked === id) {
        this.tell(link, id);
      }
    }
  }

  private _takeStates(data: JsonObject, buffers: ArrayBuffer[]): void {
    const states = isObject(data['states']) ? data['states'] : {};
    const paths = pathsOf(data);
    for (const [id, one] of Object.entries(states)) {
      const mine = paths.flatMap((path, at) => {
        const buffer = buffers.at(at);
        return path[0] === id && buffer !== undefined
          ? // After the model's id and the word `state`.
            [{ path: path.slice(2), buffer }]
          : [];
      });
      const state = isObject(one) ? one['state'] : undefined;
      const told = { state: state ?? null, buffer_paths: mine.map(({ path }) => path) };
      this._take(
        id,
        told,
        mine.map(({ buffer }) => buffer)
      );
    }
  }

  private _takeMessage(
    id: string,
    data: JsonObject,
    buffers: ArrayBuffer[],
    message: KernelMessage.IIOPubMessage
  ): void {
    const state = data['state'];
    const isState = data['method'] === 'update' || data['method'] === 'echo_update';
    if (isState && isObject(state)) {
      this._models.get(id)?.update(state, pathsOf(data), buffers);
      this._openNew(id, state);
    }
    const { parent_header: parent } = message;
    const said = 'msg_id' in parent ? this._sent.get(parent.msg_id) : undefined;
    const content = { comm_id: id, data };
    this._pass(id, { msg_type: 'comm_msg', content, metadata: {}, buffers }, said);
  }

  /** Tell the frames of a model what it names now and did not before. */
  private _openNew(id: string, state: JsonObject): void {
    const named = namedIn(state);
    for (const link of this._links) {
      if (link.known.has(id)) {
        named.forEach(one => {
          this._open(link, one);
        });
      }
    }
  }

  private _open(link: Link, id: string): void {
    const model = this._models.get(id);
    if (model === undefined || link.known.has(id)) {
      return;
    }
    link.known.add(id);
    model.named().forEach(one => {
      this._open(link, one);
    });
    link.frame.receive(model.opened(id));
  }

  private _answer(link: Link, id: string, found: boolean): void {
    window.clearTimeout(link.timer);
    link.asked = null;
    const content = { comm_id: id, found };
    link.frame.receive({
      msg_type: 'comm_info_reply',
      content,
      metadata: {},
      buffers: []
    });
  }

  private _pass(id: string, message: CommMessage, said?: Said): void {
    for (const link of this._links) {
      if (link.known.has(id)) {
        const isMine = said?.link === link;
        link.frame.receive({
          ...message,
          metadata: isMine ? { answers: said.id } : {},
          buffers: message.buffers.map(buffer => buffer.slice(0))
        });
      }
    }
  }

  private _kernel: Kernel.IKernelConnection | null = null;
  private _control = '';
  /** Whether the kernel has told this page all that it had. */
  private _isAsked = false;
  private readonly _links = new Set<Link>();
  private readonly _models = new Map<string, Model>();
  /** What waits, by comm, for those of which the kernel has a message. */
  private readonly _busy = new Map<string, Said[]>();
  /** By the page's message. */
  private readonly _sent = new Map<string, Said>();
}

/** Two changes of one frame as one, the later values; null when they are no such. */
function together(first: Said, second: Said): Said | null {
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

function request(
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

function pathsOf(data: JsonObject): Path[] {
  const found = data['buffer_paths'];
  return Array.isArray(found)
    ? found.filter((path): path is Path => Array.isArray(path))
    : [];
}

function copyOf(buffer: ArrayBuffer | ArrayBufferView): ArrayBuffer {
  const bytes = ArrayBuffer.isView(buffer)
    ? new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
    : new Uint8Array(buffer);
  return bytes.slice().buffer;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
