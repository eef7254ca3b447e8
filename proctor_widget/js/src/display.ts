/** Whether there is more than one display, as far as the browser says. */
import type { DisplayEvent } from './generated/live.js';

export type Extended = DisplayEvent['extended'];

/** The part of `window` that tells. Absent in Firefox and Safari. */
interface DisplayPage {
  readonly screen: EventTarget & { readonly isExtended?: boolean };
  readonly document: {
    readonly featurePolicy?: { allowsFeature(name: string): boolean };
  };
}

export interface DisplayOptions {
  onEvent(event: DisplayEvent): void;
  page?: DisplayPage;
}

/** A display that is plugged in is told by an event only where the person allowed more. */
const POLL_MS = 5_000;

/** Tells of displays: how things are at the start, and each change. */
export class DisplayTracker {
  constructor(options: DisplayOptions) {
    this._options = options;
    this._page = options.page ?? (window as unknown as DisplayPage);
  }

  start(): void {
    if (this._timer === undefined) {
      this._told = null;
      this._timer = setInterval(this._tell, POLL_MS);
      this._page.screen.addEventListener('change', this._tell);
      this._tell();
    }
  }

  stop(): void {
    clearInterval(this._timer);
    this._timer = undefined;
    this._page.screen.removeEventListener('change', this._tell);
  }

  private readonly _tell = (): void => {
    const extended = extendedOf(this._page);
    if (extended !== this._told) {
      this._told = extended;
      this._options.onEvent({ name: 'display', extended });
    }
  };

  private readonly _options: DisplayOptions;
  private readonly _page: DisplayPage;
  private _timer: ReturnType<typeof setInterval> | undefined;
  private _told: Extended | null = null;
}

/**
 * What the browser says now: `screen.isExtended`; a page that may not ask reads `false`,
 * which is no answer.
 */
export function extendedOf(
  { screen, document }: DisplayPage = window as unknown as DisplayPage
): Extended {
  const mayAsk = document.featurePolicy?.allowsFeature('window-management') ?? true;
  if (screen.isExtended === undefined || !mayAsk) {
    return 'unknown';
  }
  return screen.isExtended ? 'yes' : 'no';
}
