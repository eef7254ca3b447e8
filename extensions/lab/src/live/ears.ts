/** What the room says, for those who want to hear one kind of it. */

import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { FromRoom, Heard, HeardKind } from '../wire';

/** One signal for each kind of message, made when somebody first asks for it. */
export class Ears<S extends object> {
  constructor(private readonly _sender: S) {}

  /** The messages of this kind, as they come. */
  heard<K extends HeardKind>(kind: K): ISignal<S, Heard<K>> {
    let signal = this._signals.get(kind);
    if (signal === undefined) {
      signal = new Signal<S, unknown>(this._sender);
      this._signals.set(kind, signal);
    }
    return signal as Signal<S, Heard<K>>;
  }

  /** Hand one message on to those who want its kind. */
  tell(message: FromRoom): void {
    this._signals.get(message.type)?.emit(message);
  }

  private readonly _signals = new Map<string, Signal<S, unknown>>();
}
