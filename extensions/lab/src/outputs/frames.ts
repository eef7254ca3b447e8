/** What all output frames of a page share. */

import type { Theme } from '@nbinterview/frame';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import { themeOfPage } from './theme';
import type { LinkKernel } from './tokens';

const MAX_REMEMBERED = 500;

/** The page's look, the way to the kernel, and how high outputs were. */
export class Frames {
  constructor(
    /** Where the frame's file is. */
    readonly url: string,
    readonly trans: TranslationBundle
  ) {}

  /** The page's look; read once for all frames. */
  get theme(): Theme {
    this._theme ??= themeOfPage();
    return this._theme;
  }

  /** Emitted when the page looks different now. */
  get themeChanged(): ISignal<this, Theme> {
    return this._themeChanged;
  }

  /** Read the page's look again, and tell all frames. */
  readTheme(): void {
    this._theme = null;
    this._themeChanged.emit(this.theme);
  }

  /** Makes the way to the kernel for frames with widgets; null when there is none. */
  linkKernel: LinkKernel | null = null;

  /** How high this output was when it was last shown here, so that nothing jumps. */
  heightOf(output: string): number | null {
    return this._heights_px.get(output) ?? null;
  }

  /** Remember how high an output is. */
  rememberHeight(output: string, height_px: number): void {
    this._heights_px.delete(output);
    this._heights_px.set(output, height_px);
    if (this._heights_px.size > MAX_REMEMBERED) {
      for (const oldest of this._heights_px.keys()) {
        this._heights_px.delete(oldest);
        break;
      }
    }
  }

  private _theme: Theme | null = null;
  private readonly _heights_px = new Map<string, number>();
  private readonly _themeChanged = new Signal<this, Theme>(this);
}
