/** The Output widget: the room gathers what it shows, see `output_widgets.py`. */

import { DOMWidgetModel, DOMWidgetView } from '@jupyter-widgets/base';
import type { Json, JsonObject } from '../protocol';
import type { Output } from '../renderer';
import { asText } from '../text';

/** Shows an output of the frame's own kinds. */
export type ShowOutput = (output: Output, host: HTMLElement) => Promise<void>;

const IMAGES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];
const FRAMED = [
  'application/vnd.jupyter.widget-view+json',
  'application/vnd.plotly.v1+json',
  'application/vnd.vegalite.v6+json',
  'application/vnd.vegalite.v6.json',
  'application/vnd.vegalite.v5+json',
  'application/vnd.vegalite.v4+json',
  'application/vnd.vega.v6+json',
  'application/vnd.vega.v5+json',
  'text/html',
  'text/markdown',
  'text/latex',
  'image/svg+xml'
];
// eslint-disable-next-line no-control-regex -- it is what colours are made of
const ANSI = /\u001b\[[0-9;]*[A-Za-z]/g;

/** Make the classes of a frame. */
export function outputClasses(show: ShowOutput): Record<string, unknown> {
  class OutputModel extends DOMWidgetModel {
    override defaults(): Backbone.ObjectHash {
      return {
        ...super.defaults(),
        _model_name: 'OutputModel',
        _view_name: 'OutputView',
        _model_module: '@jupyter-widgets/output',
        _view_module: '@jupyter-widgets/output',
        msg_id: '',
        outputs: []
      };
    }
  }

  class OutputView extends DOMWidgetView {
    override render(): void {
      super.render();
      this.el.classList.add('jupyter-widgets-output-area');
      this.listenTo(this.model, 'change:outputs', () => {
        this._show();
      });
      this._show();
    }

    private _show(): void {
      const outputs: unknown = this.model.get('outputs');
      const places = (Array.isArray(outputs) ? outputs : []).map(output =>
        place(output as JsonObject, show)
      );
      this.el.replaceChildren(...places);
    }
  }
  return { OutputModel, OutputView };
}

function place(output: JsonObject, show: ShowOutput): HTMLElement {
  const host = document.createElement('div');
  host.className = 'jp-OutputArea-output';
  const bundle = output['data'];
  if (output['output_type'] === 'stream') {
    showText(host, asText(output['text'] ?? ''), asText(output['name'] ?? ''));
  } else if (output['output_type'] === 'error') {
    const lines = output['traceback'];
    showText(host, Array.isArray(lines) ? lines.map(asText).join('\n') : '', 'stderr');
  } else if (typeof bundle === 'object' && bundle !== null && !Array.isArray(bundle)) {
    showBundle(host, bundle, show);
  }
  return host;
}

function showText(host: HTMLElement, text: string, name: string): void {
  const pre = document.createElement('pre');
  pre.textContent = text.replace(ANSI, '');
  host.classList.add('jp-RenderedText');
  host.dataset['mimeType'] =
    `application/vnd.jupyter.${name === 'stderr' ? 'stderr' : 'stdout'}`;
  host.append(pre);
}

function showBundle(
  host: HTMLElement,
  bundle: Record<string, Json>,
  show: ShowOutput
): void {
  const image = IMAGES.find(mime => typeof bundle[mime] === 'string');
  const mime = FRAMED.find(one => one in bundle);
  if (mime !== undefined) {
    show({ mime, data: bundle[mime] ?? null, metadata: {} }, host).catch(() => {
      host.replaceChildren();
      showText(host, asText(bundle['text/plain'] ?? ''), 'stdout');
    });
  } else if (image !== undefined) {
    const picture = document.createElement('img');
    picture.src = `data:${image};base64,${asText(bundle[image] ?? '')}`;
    host.append(picture);
  } else {
    showText(host, asText(bundle['text/plain'] ?? ''), 'stdout');
  }
}
