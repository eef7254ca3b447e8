/**
 * The way of framed widgets to the kernel.
 *
 * The page keeps what the kernel says of its widgets, so that a frame has them at once,
 * also while the kernel works. A frame learns only of the model that it shows and of
 * those that belong to it, and speaks to no others.
 */

import type { CommMessage, JsonObject } from '@nbinterview/frame';
import type { Kernel, KernelMessage } from '@jupyterlab/services';

import { copyOf, shellMessage } from './commmessage';
import { isObject } from './json';
import type { Said } from './outgoing';
import { Outgoing } from './outgoing';
import { Model, namedIn, pathsOf, TARGET } from './widgetmodel';
import type { IKernelLink, IWidgetFrame } from './tokens';

const CONTROL = 'jupyter.widget.control';
const MAX_MODELS = 5000;
const MAX_MODEL_CHARS = 4 * 1024 * 1024;
/** How long a frame waits for a model: of the kernel's answer, or after it. */
const PATIENCE_MS = 60_000;
const PATIENCE_AFTER_MS = 3_000;

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
      this._comms.outgoing.say(id, this, message);
    }
  }

  close(): void {
    window.clearTimeout(this.timer);
    this._comms.forget(this);
  }
}

/** The widgets of one page. */
export class Comms {
  /** What its frames say to the kernel. */
  readonly outgoing = new Outgoing();

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
    this.outgoing.kernel = kernel;
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
    this.outgoing.clear();
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

  forget(link: Link): void {
    this._links.delete(link);
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
    const open = shellMessage(
      kernel,
      'comm_open',
      { comm_id, target_name: CONTROL, data: {} },
      { version: '1.0.0' }
    );
    const ask = shellMessage(kernel, 'comm_msg', {
      comm_id,
      data: { method: 'request_states' }
    });
    const close = shellMessage(kernel, 'comm_close', { comm_id, data: {} });
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
    const said = 'msg_id' in parent ? this.outgoing.saidAs(parent.msg_id) : undefined;
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
}
