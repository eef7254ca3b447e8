/** One output in a frame without powers: ADR 0010. */

import type { FromFrame, Json, JsonObject, Theme, ToFrame } from '@nbinterview/frame';
import { GREETING, clampHeight, readFromFrame } from '@nbinterview/frame';
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

import type { Frames } from './frames';
import { fingerprint } from './fingerprint';
import { isObject } from './json';
import type { IKernelLink, IWidgetFrame } from './tokens';

export const WIDGET_VIEW = 'application/vnd.jupyter.widget-view+json';

/** How far below or above what is seen a frame is made, so that it is there in time. */
const MARGIN_PX = 800;
// The notebook scrolls inside of the page, so the margin has to be the scroller's too.
const NEAR: IntersectionObserverInit & { scrollMargin: string } = {
  rootMargin: `${MARGIN_PX}px 0px`,
  scrollMargin: `${MARGIN_PX}px 0px`
};
/** Of an output that was never seen. */
const FIRST_HEIGHT_PX = 24;

/**
 * Shows an output in a frame, which is made when it comes into view.
 *
 * Nothing that the frame says gets into the page but its height, clamped, and words
 * as text.
 */
export class FramedOutput
  extends Widget
  implements IRenderMime.IRenderer, IWidgetFrame
{
  constructor(
    private readonly _mime: string,
    private readonly _frames: Frames
  ) {
    super();
    this.addClass('jp-nbinterview-Framed');
    this.node.dataset['mimeType'] = _mime;
    _frames.themeChanged.connect(this._onTheme);
    this._inView = new IntersectionObserver(entries => {
      if (entries.some(entry => entry.isIntersecting)) {
        this._inView.disconnect();
        this._open();
      }
    }, NEAR);
  }

  /** Show an output; again for each update of it. */
  renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    // `trusted` and everything else that a document says about it mean nothing here.
    const data = model.data[this._mime] as Json;
    const about = model.metadata[this._mime];
    const metadata = isObject(about) ? about : {};
    const plain = model.data['text/plain'];
    this._output = { data, metadata };
    this._plain = Array.isArray(plain)
      ? plain.join('')
      : typeof plain === 'string'
        ? plain
        : '';
    this._key = `${this._mime} ${fingerprint(JSON.stringify(data))}`;
    if (this._iframe === null) {
      this._setHeight(this._frames.heightOf(this._key) ?? FIRST_HEIGHT_PX);
      this._inView.observe(this.node);
    } else {
      this._render();
    }
    return Promise.resolve();
  }

  receive(message: Extract<ToFrame, { type: 'comm' }>['message']): void {
    this._say({ type: 'comm', message }, message.buffers);
  }

  kernelGone(): void {
    this._say({ type: 'comm-gone' });
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this._inView.disconnect();
      this._frames.themeChanged.disconnect(this._onTheme);
      this._hangUp();
      super.dispose();
    }
  }

  private _open(): void {
    const { trans } = this._frames;
    const iframe = document.createElement('iframe');
    iframe.setAttribute('sandbox', 'allow-scripts');
    iframe.setAttribute('allow', '');
    iframe.referrerPolicy = 'no-referrer';
    iframe.title = titleOf(this._mime, trans);
    this._matchScheme(iframe, this._frames.theme);
    // Each load: a browser loads a frame anew when its place in the page is moved.
    iframe.addEventListener('load', () => {
      this._greet(iframe);
    });
    iframe.src = this._frames.url;
    this._iframe = iframe;
    this.node.prepend(iframe);
  }

  private _greet(iframe: HTMLIFrameElement): void {
    this._hangUp();
    const { port1, port2 } = new MessageChannel();
    this._port = port1;
    port1.onmessage = ({ data }: MessageEvent<unknown>) => {
      const message = readFromFrame(data);
      if (message !== null && this._port === port1) {
        this._take(message);
      }
    };
    // Its origin is opaque, so no other target can be named; the port is all it gets.
    iframe.contentWindow?.postMessage({ type: GREETING }, '*', [port2]);
  }

  private _take(message: FromFrame): void {
    switch (message.type) {
      case 'ready':
        if (this._mime === WIDGET_VIEW) {
          this._link = this._frames.linkKernel?.(this) ?? null;
        }
        this._render();
        break;
      case 'size':
        if (this._words === null) {
          this._setHeight(message.height_px);
          this._frames.rememberHeight(this._key, message.height_px);
        }
        break;
      case 'leave':
        // Only of a frame that has the focus: none takes it from elsewhere.
        if (document.activeElement === this._iframe) {
          this.node.closest<HTMLElement>('.jp-Cell')?.focus();
        }
        break;
      case 'failed':
        this._fail(message.words);
        break;
      case 'comm':
        this._link?.send(message.message);
        break;
    }
  }

  private _render(): void {
    if (this._output !== null) {
      this._forgive();
      const { theme } = this._frames;
      this._say({ type: 'render', mime: this._mime, ...this._output, theme });
    }
  }

  /** Say why nothing is shown, and show what there is as plain text. */
  private _fail(words: string): void {
    this._forgive();
    const place = document.createElement('div');
    const said = document.createElement('p');
    said.textContent = words;
    const plain = document.createElement('pre');
    plain.textContent = this._plain;
    place.className = 'jp-nbinterview-Framed-failed jp-RenderedText';
    place.append(said, plain);
    this.node.append(place);
    this._words = place;
    this._setHeight(0);
  }

  private _forgive(): void {
    this._words?.remove();
    this._words = null;
  }

  private readonly _onTheme = (_: Frames, theme: Theme): void => {
    if (this._iframe !== null) {
      this._matchScheme(this._iframe, theme);
      this._say({ type: 'theme', theme });
    }
  };

  /** A frame of another scheme than its document's gets a background that hides the page's. */
  private _matchScheme(iframe: HTMLIFrameElement, theme: Theme): void {
    iframe.style.colorScheme = theme.dark ? 'dark' : 'light';
  }

  private _setHeight(height_px: number): void {
    const height = `${clampHeight(height_px)}px`;
    this.node.style.setProperty('--jp-private-framed-height', height);
    MessageLoop.postMessage(this, Widget.ResizeMessage.UnknownSize);
  }

  private _say(message: ToFrame, transfer: Transferable[] = []): void {
    this._port?.postMessage(message, transfer);
  }

  private _hangUp(): void {
    this._port?.close();
    this._port = null;
    this._link?.close();
    this._link = null;
  }

  private readonly _inView: IntersectionObserver;
  private _output: { data: Json; metadata: JsonObject } | null = null;
  private _plain = '';
  private _key = '';
  private _iframe: HTMLIFrameElement | null = null;
  private _port: MessagePort | null = null;
  private _link: IKernelLink | null = null;
  private _words: HTMLElement | null = null;
}

function titleOf(mime: string, trans: Frames['trans']): string {
  if (/plotly|vega|svg/.test(mime)) {
    return trans.__('Output: a figure');
  }
  if (mime === WIDGET_VIEW) {
    return trans.__('Output: controls');
  }
  return mime === 'application/json'
    ? trans.__('Output: data')
    : trans.__('Output: formatted text');
}
