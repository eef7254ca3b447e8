/** The widgets of one frame: ipywidgets' own controls, and no others. */

import * as base from '@jupyter-widgets/base';
import { ManagerBase } from '@jupyter-widgets/base-manager';
import * as controls from '@jupyter-widgets/controls';
import type { CommMessage, JsonObject } from '../protocol';
import type { Frame } from '../renderer';
import { sanitiser } from '../sanitise';
import { FrameComm, asKernelMessage } from './comm';
import { outputClasses } from './output';

const sanitise = sanitiser(window);

class HTMLView extends controls.HTMLView {
  override update(): void {
    showHTML(this.content, this.model.get('value'));
    controls.StringView.prototype.update.call(this);
  }
}

class HTMLMathView extends controls.HTMLMathView {
  override update(): void {
    showHTML(this.content, this.model.get('value'));
    this.typeset(this.content);
    controls.StringView.prototype.update.call(this);
  }
}

function showHTML(host: HTMLElement, value: unknown): void {
  host.replaceChildren(sanitise(typeof value === 'string' ? value : ''));
}

/** What stands where a widget that is no control would be. */
const NOT_SHOWN =
  'A widget of another package is not shown in a room, as it brings scripts of its own.';

/** Knows the models that the page has told of. */
export class FrameManager extends ManagerBase {
  constructor(private readonly _frame: Frame) {
    super();
    this._modules = {
      '@jupyter-widgets/base': { ...base },
      '@jupyter-widgets/controls': { ...controls, HTMLView, HTMLMathView },
      '@jupyter-widgets/output': outputClasses((output, host) =>
        _frame.show(output, host)
      )
    };
  }

  /** Take a message of the kernel. */
  receive(message: CommMessage): void {
    const id = message.content['comm_id'];
    if (message.msg_type === 'comm_info_reply') {
      this._answered(message.content);
    } else if (typeof id !== 'string') {
      return;
    } else if (message.msg_type === 'comm_open') {
      this._open(id, message);
    } else {
      this._comms.get(id)?.receive(asKernelMessage(message));
    }
  }

  /** Resolves when the page has told of a model and all that belongs to it. */
  async fetch(model: string): Promise<void> {
    if (this.has_model(model)) {
      return;
    }
    const known = new Promise<void>((resolve, reject) => {
      this._waiting.set(model, { resolve, reject });
    });
    this._frame.sendComm({
      msg_type: 'comm_info_request',
      content: { comm_id: model },
      metadata: {},
      buffers: []
    });
    await known;
  }

  override inline_sanitize(source: string): string {
    const place = document.createElement('div');
    place.append(sanitise(source));
    return place.innerHTML;
  }

  protected override loadClass(
    className: string,
    moduleName: string
  ): Promise<typeof base.WidgetModel | typeof base.WidgetView> {
    const module = Object.hasOwn(this._modules, moduleName)
      ? this._modules[moduleName]
      : undefined;
    const found =
      module !== undefined && Object.hasOwn(module, className)
        ? module[className]
        : undefined;
    return found === undefined
      ? Promise.reject(new Error(NOT_SHOWN))
      : Promise.resolve(found as typeof base.WidgetModel);
  }

  protected override _create_comm(): Promise<base.IClassicComm> {
    return Promise.reject(new Error('A frame opens no comms.'));
  }

  protected override _get_comm_info(): Promise<object> {
    return Promise.resolve({});
  }

  private _open(id: string, message: CommMessage): void {
    if (this.has_model(id)) {
      return;
    }
    const comm = new FrameComm(id, said => {
      this._frame.sendComm(said);
    });
    this._comms.set(id, comm);
    this.handle_comm_open(comm, asKernelMessage(message) as never).catch(
      (error: unknown) => {
        console.warn('A widget could not be made.', error);
      }
    );
  }

  private _answered(content: JsonObject): void {
    const id = content['comm_id'];
    const waiting = typeof id === 'string' ? this._waiting.get(id) : undefined;
    if (waiting === undefined) {
      return;
    }
    this._waiting.delete(id as string);
    if (content['found'] === true) {
      waiting.resolve();
    } else {
      waiting.reject(
        new Error(
          'These controls belong to an earlier run of Python. Run the cell again to use them.'
        )
      );
    }
  }

  private readonly _modules: Record<string, Record<string, unknown>>;
  private readonly _comms = new Map<string, FrameComm>();
  private readonly _waiting = new Map<
    string,
    { resolve: () => void; reject: (error: Error) => void }
  >();
}
