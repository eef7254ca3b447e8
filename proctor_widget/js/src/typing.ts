/**
 * How much text entered the notebook, by the way it came: one sum for each second.
 *
 * The host says that text came into the document from this page; what the hand did just
 * before tells the way. No key and no text is looked at, and no time but the second is
 * told: a rhythm would say who types. Text that comes in without anybody's hand (a script
 * that writes into the document) is not told as theirs.
 */
import type { TypingEvent } from './generated/live.js';

export type Way = Exclude<keyof TypingEvent, 'name' | 'cell_id'>;

/** Who put text in: an editor, JupyterLab itself (completer, replace, split), undo. */
export type TextOrigin = 'editor' | 'program' | 'history';

export interface TypingOptions {
  onEvent(event: TypingEvent): void;
  document?: Document;
  now?: () => number;
  /** Whether an event is from the person and not from a script. */
  isGenuine?: (event: Event) => boolean;
}

const PERIOD_MS = 1000;
/** Text that comes later than this after a key or a click is not its doing. */
const HAND_MS = 5000;
const CELL_ID_LENGTH = 64;
const MODIFIERS = new Set(['Shift', 'Control', 'Alt', 'Meta', 'AltGraph', 'CapsLock']);

/** Sums up what is typed while it runs. */
export class TypingTally {
  constructor(private readonly _options: TypingOptions) {
    this._now = _options.now ?? (() => performance.now());
  }

  /** When a key was pressed last, on the page's clock; for what waits for a pause. */
  get lastKeyAt_ms(): number {
    return this._lastKeyAt_ms;
  }

  start(): void {
    if (this._controller !== null) {
      return;
    }
    this._controller = new AbortController();
    const page = this._options.document ?? document;
    const capture = { capture: true, signal: this._controller.signal };
    const note = <K extends keyof DocumentEventMap>(
      type: K,
      wayOf: (event: DocumentEventMap[K]) => Way | null
    ): void => {
      page.addEventListener(
        type,
        event => {
          this._note(event, wayOf(event));
        },
        capture
      );
    };
    note('keydown', this._wayOfKey);
    note('beforeinput', this._wayOfInput);
    note('compositionstart', () => 'composed');
    note('compositionend', () => 'composed');
    note('paste', () => 'pasted');
    note('drop', () => 'dropped');
    note('pointerdown', () => 'completed');
  }

  /** Tell what is left, and end. */
  stop(): void {
    this._controller?.abort();
    this._controller = null;
    this._tell();
  }

  /** Text came into the document on this page. */
  add(chars: number, origin: TextOrigin, cell_id?: string): void {
    const way = this._wayOf(origin);
    if (this._controller === null || way === null || chars <= 0) {
      return;
    }
    this._sums[way] += chars;
    this._cellId = cell_id?.slice(0, CELL_ID_LENGTH);
    this._timer ??= setTimeout(this._tell, PERIOD_MS);
  }

  private _wayOf(origin: TextOrigin): Way | null {
    if (this._hand === null || this._now() - this._hand.at_ms > HAND_MS) {
      return null;
    }
    if (origin === 'history') {
      return 'restored';
    }
    const { way } = this._hand;
    const isCarried = way === 'pasted' || way === 'dropped';
    return origin === 'editor' || isCarried ? way : 'completed';
  }

  private readonly _tell = (): void => {
    clearTimeout(this._timer);
    this._timer = undefined;
    const sums = this._sums;
    const cellId = this._cellId;
    this._sums = nothing();
    if (Object.values(sums).some(sum => sum > 0)) {
      this._options.onEvent({
        name: 'typing',
        ...sums,
        ...(cellId !== undefined && { cell_id: cellId })
      });
    }
  };

  private _note(event: Event, way: Way | null): void {
    const isGenuine = this._options.isGenuine ?? (each => each.isTrusted);
    if (way !== null && isGenuine(event)) {
      this._hand = { way, at_ms: this._now() };
    }
  }

  private readonly _wayOfKey = (event: KeyboardEvent): Way | null => {
    if (MODIFIERS.has(event.key)) {
      return null;
    }
    this._lastKeyAt_ms = this._now();
    this._textKeys += isTextKey(event) ? 1 : 0;
    return event.isComposing || event.key === 'Process' ? 'composed' : 'typed';
  };

  private readonly _wayOfInput = (event: InputEvent): Way | null => {
    const hasKey = this._textKeys > 0;
    this._textKeys = 0;
    switch (event.inputType) {
      case 'insertFromPaste':
      case 'insertFromYank':
        return 'pasted';
      case 'insertFromDrop':
        return 'dropped';
      case 'insertReplacementText': // the browser's own correction
        return 'completed';
      case 'historyUndo':
      case 'historyRedo':
        return 'restored';
      default:
        return event.isComposing ||
          event.inputType.includes('Composition') ||
          // Dictation brings words without a key.
          (event.inputType === 'insertText' && !hasKey)
          ? 'composed'
          : 'typed';
    }
  };

  private readonly _now: () => number;
  private _controller: AbortController | null = null;
  private _hand: { way: Way; at_ms: number } | null = null;
  private _lastKeyAt_ms = -Infinity;
  /** Keys of one character since the input before. */
  private _textKeys = 0;
  private _sums = nothing();
  private _cellId: string | undefined;
  private _timer: ReturnType<typeof setTimeout> | undefined;
}

/** Whether a key brings a character, and is no shortcut. */
function isTextKey(event: KeyboardEvent): boolean {
  const isShortcut = event.ctrlKey || event.metaKey;
  return event.key.length === 1 && (!isShortcut || event.getModifierState('AltGraph'));
}

function nothing(): Record<Way, number> {
  return { typed: 0, composed: 0, completed: 0, pasted: 0, dropped: 0, restored: 0 };
}
