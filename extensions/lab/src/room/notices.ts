/** Quiet messages at the edge of the page: they interrupt nothing and go away by themselves. */

import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

/** Something the person can do about it, beside reading. */
export interface INoticeAction {
  label: string;
  run: () => void;
}

/** Another page where it goes on. */
export interface INoticeLink {
  label: string;
  url: string;
}

/** One message to the person at this page. */
export interface INotice {
  /** A later notice with the same id takes this one's place. */
  id: string;
  kind: 'hint' | 'problem';
  title: string;
  text: string;
  action?: INoticeAction;
  link?: INoticeLink;
  /** Whether the person can put it away; else it goes when its cause goes. */
  closable?: boolean;
  /** Called when the person put it away. */
  onClose?: () => void;
  /** Text that the person may want to copy. */
  excerpt?: string;
}

/** The notices that are shown now, oldest first. */
export class Notices {
  get all(): readonly INotice[] {
    return this._all;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  show(notice: INotice): void {
    const known = this._all.some(other => other.id === notice.id);
    this._all = known
      ? this._all.map(other => (other.id === notice.id ? notice : other))
      : [...this._all, notice];
    this._changed.emit();
  }

  clear(id: string): void {
    const left = this._all.filter(notice => notice.id !== id);
    if (left.length !== this._all.length) {
      this._all = left;
      this._changed.emit();
    }
  }

  private _all: readonly INotice[] = [];
  private readonly _changed = new Signal<this, void>(this);
}
