/**
 * Windows of the browser itself that this page opened: they take the focus from the page,
 * and that is no leaving. No event tells of them, so the calls that open them are noted.
 */
import type { WindowFocusEvent } from './generated/live.js';

export type PromptCause = Extract<
  NonNullable<WindowFocusEvent['cause']>,
  'dialog' | 'permission' | 'share'
>;

/** Focus comes back a little after a prompt was answered. */
const GRACE_MS = 1500;
/** Longest that a file chooser excuses: nothing tells for sure that it was closed. */
const DIALOG_LONGEST_MS = 120_000;

interface IPrompt {
  readonly cause: PromptCause;
  readonly openedAt_ms: number;
  endedAt_ms: number | null;
}

type Method = (...args: unknown[]) => unknown;

/** Knows which window of the browser is open because of this page. */
export class Prompts {
  constructor(
    private readonly _window: Window,
    private readonly _now: () => number
  ) {}

  /** Why focus may be elsewhere at this moment; null if this page is not the cause. */
  cause(): PromptCause | null {
    const now_ms = this._now();
    this._open = this._open.filter(
      ({ cause, openedAt_ms, endedAt_ms }) =>
        now_ms <= (endedAt_ms ?? Infinity) + GRACE_MS &&
        (cause !== 'dialog' || now_ms - openedAt_ms <= DIALOG_LONGEST_MS)
    );
    return this._open.at(-1)?.cause ?? null;
  }

  /** Note them from now on, until the signal says stop. */
  start(signal: AbortSignal): void {
    const { navigator, document } = this._window;
    const page = this._window as Window & typeof globalThis;
    // Typed as always there, yet absent outside secure contexts and in some browsers.
    this._wrap(navigator.mediaDevices, 'getDisplayMedia', 'share', signal);
    this._wrap(navigator.mediaDevices, 'getUserMedia', 'permission', signal);
    this._wrap(navigator.clipboard, 'read', 'permission', signal);
    this._wrap(navigator.clipboard, 'readText', 'permission', signal);
    this._wrap(page.Notification, 'requestPermission', 'permission', signal);
    for (const name of [
      'showOpenFilePicker',
      'showSaveFilePicker',
      'alert',
      'confirm',
      'prompt'
    ]) {
      this._wrap(page, name, 'dialog', signal);
    }
    this._wrap(page.HTMLInputElement.prototype, 'click', 'dialog', signal, isFileInput);
    const listen = { capture: true, signal };
    document.addEventListener('click', this._onClick, listen);
    this._window.addEventListener('beforeprint', this._onPrint, listen);
    this._window.addEventListener('afterprint', this._onPrinted, listen);
  }

  private _begin(cause: PromptCause): () => void {
    const prompt: IPrompt = { cause, openedAt_ms: this._now(), endedAt_ms: null };
    this._open.push(prompt);
    return () => {
      prompt.endedAt_ms ??= this._now();
    };
  }

  /** Note each call of a method, for as long as its promise is open. */
  private _wrap(
    owner: object | undefined,
    name: string,
    cause: PromptCause,
    signal: AbortSignal,
    concerns: (self: unknown) => boolean = () => true
  ): void {
    const original: unknown = owner && Reflect.get(owner, name);
    if (owner === undefined || typeof original !== 'function') {
      return;
    }
    const own = Object.getOwnPropertyDescriptor(owner, name);
    const begin = (): (() => void) => this._begin(cause);
    const wrapped = function (this: unknown, ...args: unknown[]): unknown {
      if (!concerns(this)) {
        return (original as Method).apply(this, args);
      }
      const end = begin();
      try {
        const result = (original as Method).apply(this, args);
        if (result instanceof Promise) {
          result.then(end, end);
        } else if (!isFileInput(this)) {
          end();
        }
        return result;
      } catch (error) {
        end();
        throw error;
      }
    };
    Object.defineProperty(owner, name, {
      value: wrapped,
      configurable: true,
      writable: true
    });
    signal.addEventListener('abort', () => {
      if (own === undefined) {
        Reflect.deleteProperty(owner, name);
      } else {
        Object.defineProperty(owner, name, own);
      }
    });
  }

  private readonly _onClick = (event: Event): void => {
    const [target] = event.composedPath();
    if (isFileInput(target)) {
      const end = this._begin('dialog');
      target.addEventListener('change', end, { once: true });
      target.addEventListener('cancel', end, { once: true });
    }
  };

  private readonly _onPrint = (): void => {
    this._endPrint = this._begin('dialog');
  };

  private readonly _onPrinted = (): void => {
    this._endPrint();
  };

  private _open: IPrompt[] = [];
  private _endPrint: () => void = () => undefined;
}

function isFileInput(target: unknown): target is HTMLInputElement {
  return target instanceof HTMLInputElement && target.type === 'file';
}
