/**
 * Whether the person is with this page, and what passes through the clipboard.
 *
 * Facts only, as `ClientEvent`s; what they mean is for the room's policy. Of copied and
 * pasted text its length and origin are told, never the text: hashes of what was copied
 * here are kept, in memory only.
 */
import type { ClientEvent, ClipboardEvent as ClipboardFact } from './generated/live.js';
import { fingerprint } from './fingerprint.js';
import { Prompts, type PromptCause } from './prompts.js';

export interface FocusOptions {
  /** One fact, and performance.now() when it happened. */
  onEvent(event: ClientEvent, monotonic_ms: number): void;
  /** Whether a pasted text was in the notebook already, for instance in an output. */
  isOwnText?(text: string): boolean;
  /** The id of the cell that an event happened in. */
  cellIdOf?(target: EventTarget | null): string | undefined;
  /** Whether a clipboard event is of the notebook; without it, all are. */
  isOfNotebook?(event: Event): boolean;
  document?: Document;
  /** The page's monotonic clock in ms. */
  now?: () => number;
}

/** How often to look again: no event tells that focus left a frame, or a prompt ended. */
const FRAME_POLL_MS = 500;
const CELL_ID_LENGTH = 64;

type FocusState = 'here' | 'frame' | 'elsewhere' | PromptCause;

/** Watches focus and clipboard, each for itself, since each is consented to alone. */
export class FocusTracker {
  constructor(options: FocusOptions) {
    this._options = options;
    this._document = options.document ?? document;
    this._window = this._document.defaultView ?? window;
    this._now = options.now ?? (() => performance.now());
    this._prompts = new Prompts(this._window, this._now);
  }

  /** Begin with one sensor. Focus tells at once how things are. */
  start(sensor: 'focus' | 'clipboard'): void {
    if (!this._running.has(sensor)) {
      const controller = new AbortController();
      this._running.set(sensor, controller);
      if (sensor === 'focus') {
        this._startFocus(controller.signal);
      } else {
        this._startClipboard(controller.signal);
      }
    }
  }

  /** End one sensor at once. */
  stop(sensor: 'focus' | 'clipboard'): void {
    this._running.get(sensor)?.abort();
    this._running.delete(sensor);
  }

  dispose(): void {
    this.stop('focus');
    this.stop('clipboard');
    this._own.clear();
  }

  // ------------------------------------------------------------------- focus

  private _startFocus(signal: AbortSignal): void {
    const capture = { capture: true, signal };
    this._prompts.start(signal);
    this._document.addEventListener('visibilitychange', this._tellVisibility, capture);
    this._document.addEventListener('fullscreenchange', this._tellFullscreen, capture);
    // Not captured: focus and blur of elements do not bubble, so these are the window's.
    this._window.addEventListener('focus', this._onFocusChange, { signal });
    this._window.addEventListener('blur', this._onFocusChange, { signal });
    const poll = setInterval(() => {
      if (this._focus !== 'here') {
        this._tellFocus(this._now());
      }
    }, FRAME_POLL_MS);
    signal.addEventListener('abort', () => {
      clearInterval(poll);
    });
    this._focus = null;
    this._tellVisibility();
    this._tellFocus(this._now());
    this._tellFullscreen();
  }

  private readonly _tellVisibility = (): void => {
    this._emit({ name: 'visibility', state: this._document.visibilityState });
  };

  private readonly _tellFullscreen = (): void => {
    this._emit({
      name: 'fullscreen',
      active: this._document.fullscreenElement != null
    });
  };

  private readonly _onFocusChange = (): void => {
    const at_ms = this._now();
    const signal = this._running.get('focus')?.signal;
    // At blur the frame that was clicked is not the active element yet.
    setTimeout(() => {
      if (signal?.aborted === false) {
        this._tellFocus(at_ms);
      }
    }, 0);
  };

  private _tellFocus(at_ms: number): void {
    const focus = this._focusState();
    if (focus === this._focus) {
      return;
    }
    this._focus = focus;
    this._emit(
      focus === 'here'
        ? { name: 'window_focus', focused: true }
        : { name: 'window_focus', focused: false, cause: focus },
      at_ms
    );
  }

  /**
   * Where the keyboard goes. A click into a frame of this page (an output, a call) blurs
   * the window too, but hasFocus() still counts frames as this page's.
   */
  private _focusState(): FocusState {
    const page = this._document;
    if (page.visibilityState !== 'visible') {
      return 'elsewhere'; // a prompt hides no page
    }
    if (!page.hasFocus()) {
      return this._prompts.cause() ?? 'elsewhere';
    }
    return isFrame(page.activeElement) ? 'frame' : 'here';
  }

  // --------------------------------------------------------------- clipboard

  private _startClipboard(signal: AbortSignal): void {
    // Captured at the document, before any editor can end the event.
    const capture = { capture: true, signal };
    for (const action of ['copy', 'cut'] as const) {
      this._document.addEventListener(action, this._onTake, capture);
      // And again at the very end, when the editor has said what it puts there.
      this._window.addEventListener(action, this._onTaken, { signal });
    }
    this._document.addEventListener('paste', this._onPaste, capture);
    this._document.addEventListener('dragstart', this._onDragStart, { signal });
    this._document.addEventListener('drop', this._onDrop, capture);
  }

  private readonly _onTake = (event: ClipboardEvent): void => {
    this._finishTake();
    if (!this._isOurs(event)) {
      return;
    }
    const draft = { text: selectedText(this._document) };
    this._draft = draft;
    const at_ms = this._now();
    const cell = this._cellOf(event);
    const action = event.type === 'cut' ? 'cut' : 'copy';
    const signal = this._running.get('clipboard')?.signal;
    this._taking = () => {
      this._taking = null;
      this._remember(draft.text);
      if (signal?.aborted === false) {
        const chars = draft.text.length;
        this._emit(
          { name: 'clipboard', action, chars, origin: 'notebook', ...cell },
          at_ms
        );
      }
    };
    // The page's own handlers may still change what is taken.
    setTimeout(this._finishTake, 0);
  };

  /** Know what was taken before anything else is judged: a paste may follow at once. */
  private readonly _finishTake = (): void => {
    this._taking?.();
  };

  private readonly _onTaken = (event: ClipboardEvent): void => {
    const said = event.clipboardData?.getData('text/plain');
    if (this._draft !== null && said) {
      this._draft.text = said;
    }
  };

  private readonly _onPaste = (event: ClipboardEvent): void => {
    if (this._isOurs(event)) {
      this._tellInserted(event.clipboardData, event);
    }
  };

  private readonly _onDragStart = (event: DragEvent): void => {
    if (this._isOurs(event)) {
      this._remember(
        event.dataTransfer?.getData('text/plain') || selectedText(this._document)
      );
    }
  };

  /** Text dragged in from another window is pasted by another hand movement. */
  private readonly _onDrop = (event: DragEvent): void => {
    if (this._isOurs(event) && event.dataTransfer?.getData('text/plain')) {
      this._tellInserted(event.dataTransfer, event);
    }
  };

  private _isOurs(event: Event): boolean {
    return this._options.isOfNotebook?.(event) !== false;
  }

  private _tellInserted(data: DataTransfer | null, event: Event): void {
    this._finishTake();
    const text = data?.getData('text/plain') ?? '';
    this._emit({
      name: 'clipboard',
      action: 'paste',
      chars: text.length,
      origin: this._isOwn(text) ? 'notebook' : 'external',
      ...this._cellOf(event)
    });
  }

  private _isOwn(text: string): boolean {
    return (
      this._own.has(fingerprint(text)) || (this._options.isOwnText?.(text) ?? false)
    );
  }

  private _remember(text: string): void {
    if (text !== '') {
      this._own.add(fingerprint(text));
    }
  }

  private _cellOf(event: Event): Pick<ClipboardFact, 'cell_id'> {
    const id = this._options.cellIdOf?.(event.target);
    return id === undefined ? {} : { cell_id: id.slice(0, CELL_ID_LENGTH) };
  }

  private _emit(event: ClientEvent, at_ms = this._now()): void {
    this._options.onEvent(event, at_ms);
  }

  private readonly _options: FocusOptions;
  private readonly _document: Document;
  private readonly _window: Window;
  private readonly _now: () => number;
  private readonly _prompts: Prompts;
  private readonly _running = new Map<'focus' | 'clipboard', AbortController>();
  private readonly _own = new Set<string>();
  private _focus: FocusState | null = null;
  private _draft: { text: string } | null = null;
  private _taking: (() => void) | null = null;
}

function isFrame(element: Element | null): boolean {
  if (element?.shadowRoot) {
    return isFrame(element.shadowRoot.activeElement);
  }
  return ['IFRAME', 'OBJECT', 'EMBED'].includes(element?.tagName ?? '');
}

function selectedText(page: Document): string {
  const active = page.activeElement;
  if (active instanceof HTMLTextAreaElement || active instanceof HTMLInputElement) {
    const { selectionStart, selectionEnd, value } = active;
    return value.slice(selectionStart ?? 0, selectionEnd ?? 0);
  }
  return page.getSelection()?.toString() ?? '';
}
