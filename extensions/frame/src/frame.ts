/** The frame's own script: takes the port, shows what the page sends, says its height. */

import type { CommMessage, FromFrame, Render, Theme, ToFrame } from './protocol';
import { GREETING, MAX_HEIGHT_PX } from './protocol';
import type { Frame, Output, Renderer, RendererName } from './renderer';
import { rendererFor } from './routes';

// Before any output is there, whose names could stand for it.
globalThis.nbinterviewRenderers = {};

const HERE = new URL('.', (document.currentScript as HTMLScriptElement).src);

class OutputFrame implements Frame {
  constructor(
    private readonly _port: MessagePort,
    private readonly _host: HTMLElement
  ) {
    _port.onmessage = ({ data }: MessageEvent<ToFrame>) => {
      this._take(data);
    };
    new ResizeObserver(() => {
      this._sayHeight();
    }).observe(_host);
    document.addEventListener('keydown', event => {
      // A menu or a field that closes on this key has taken it.
      if (event.key === 'Escape' && !event.defaultPrevented) {
        this._say({ type: 'leave' });
      }
    });
    this._say({ type: 'ready' });
  }

  theme: Theme = { dark: false, variables: {} };

  async show(output: Output, host: HTMLElement): Promise<void> {
    const name = rendererFor(output.mime);
    if (name === null) {
      throw new Error(`Outputs of type ${output.mime} are not shown here.`);
    }
    const renderer = await this._renderer(name);
    await renderer.show(output, host, this);
  }

  sendComm(message: CommMessage): void {
    this._say({ type: 'comm', message }, message.buffers);
  }

  async typeset(host: HTMLElement): Promise<void> {
    const latex = await this._renderer('latex');
    latex.typeset?.(host);
  }

  private _take(message: ToFrame): void {
    switch (message.type) {
      case 'render':
        this._applyTheme(message.theme);
        void this._render(message);
        break;
      case 'theme':
        this._applyTheme(message.theme);
        this._each(renderer => renderer.themeChanged?.(message.theme));
        break;
      case 'comm':
        this._each(renderer => renderer.commReceived?.(message.message));
        break;
      case 'comm-gone':
        this._each(renderer => renderer.commGone?.());
        break;
    }
  }

  private async _render({ mime, data, metadata }: Render): Promise<void> {
    // A place of its own for each: a slow one does not write into the next.
    const place = document.createElement('div');
    place.className = 'lm-Widget jp-OutputArea-output';
    place.dataset['mimeType'] = mime;
    const previous = this._latest;
    this._latest = place;
    try {
      // Beside the previous one until it is whole, so that nothing flickers.
      place.hidden = previous !== null;
      this._host.append(place);
      await this.show({ mime, data, metadata }, place);
    } catch (error) {
      place.replaceChildren();
      const words = error instanceof Error ? error.message : String(error);
      this._say({ type: 'failed', words });
    }
    if (this._latest === place) {
      place.hidden = false;
      this._host.replaceChildren(place);
    } else {
      place.remove();
    }
    this._sayHeight();
  }

  private _latest: HTMLElement | null = null;

  private _applyTheme(theme: Theme): void {
    this.theme = theme;
    const { style, dataset } = document.documentElement;
    style.colorScheme = theme.dark ? 'dark' : 'light';
    dataset['jpThemeLight'] = String(!theme.dark);
    document.body.dataset['jpThemeLight'] = String(!theme.dark);
    for (const [name, value] of Object.entries(theme.variables)) {
      style.setProperty(name, value);
    }
  }

  private _each(tell: (renderer: Renderer) => void): void {
    Object.values(globalThis.nbinterviewRenderers ?? {}).forEach(tell);
  }

  private _renderer(name: RendererName): Promise<Renderer> {
    const loading = this._loading.get(name) ?? load(name);
    this._loading.set(name, loading);
    return loading;
  }

  private _sayHeight(): void {
    // Out of view the browser may lay nothing out: then it has no height to say.
    if (this._host.getClientRects().length === 0) {
      return;
    }
    const height_px = this._host.getBoundingClientRect().height;
    if (height_px !== this._saidHeight_px) {
      this._saidHeight_px = height_px;
      const scrolls = height_px > MAX_HEIGHT_PX;
      document.documentElement.classList.toggle('scrolls', scrolls);
      this._say({ type: 'size', height_px });
    }
  }

  private _say(message: FromFrame, transfer: Transferable[] = []): void {
    this._port.postMessage(message, transfer);
  }

  private _saidHeight_px = -1;
  private readonly _loading = new Map<RendererName, Promise<Renderer>>();
}

/** Renderers that bring a style sheet, with the fonts in it. */
const STYLED: readonly RendererName[] = ['latex', 'widgets'];

/** Load the script of a renderer, which lies beside this one. */
async function load(name: RendererName): Promise<Renderer> {
  const [renderer] = await Promise.all([
    loadScript(name),
    STYLED.includes(name) ? loadStyle(name) : null
  ]);
  return renderer;
}

function loadStyle(name: RendererName): Promise<void> {
  return new Promise((resolve, reject) => {
    const link = document.createElement('link');
    link.rel = 'stylesheet';
    link.href = new URL(`${name}.css`, HERE).href;
    link.onload = () => {
      resolve();
    };
    link.onerror = () => {
      reject(new Error(`The style of ${name} could not be loaded.`));
    };
    document.head.append(link);
  });
}

function loadScript(name: RendererName): Promise<Renderer> {
  return new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = new URL(`${name}.js`, HERE).href;
    script.onload = () => {
      const renderer = globalThis.nbinterviewRenderers?.[name];
      if (renderer === undefined) {
        reject(new Error(`The renderer ${name} did not start.`));
      } else {
        resolve(renderer);
      }
    };
    script.onerror = () => {
      reject(new Error(`The renderer ${name} could not be loaded.`));
    };
    document.head.append(script);
  });
}

/** Wait for the page's greeting, from nobody else and once. */
function start(host: HTMLElement): void {
  const greeted = ({ source, data, ports }: MessageEvent<unknown>): void => {
    const type = (data as { type?: unknown } | null)?.type;
    const [port] = ports;
    if (source !== window.parent || type !== GREETING || port === undefined) {
      return;
    }
    window.removeEventListener('message', greeted);
    new OutputFrame(port, host);
  };
  window.addEventListener('message', greeted);
}

// The frame leads nowhere, whatever a renderer makes of an output.
document.addEventListener(
  'click',
  event => {
    const link = (event.target as Element | null)?.closest('a, area');
    const address = link?.getAttribute('href') ?? link?.getAttribute('xlink:href');
    if (address != null && !address.startsWith('#')) {
      event.preventDefault();
    }
  },
  { capture: true }
);

start(document.getElementById('output') as HTMLElement);
