/** Which renderer shows what. */

import type { RendererName } from './renderer';

const BY_MIME: Readonly<Record<string, RendererName>> = {
  'text/html': 'html',
  'text/markdown': 'markdown',
  'text/latex': 'latex',
  'image/svg+xml': 'svg',
  'application/json': 'json',
  'application/vnd.plotly.v1+json': 'plotly',
  'application/vnd.jupyter.widget-view+json': 'widgets'
};

const VEGA = /^application\/vnd\.vega(lite)?\.v\d+\+json$/;

/** The renderer for a MIME type, or null when a frame shows no such thing. */
export function rendererFor(mime: string): RendererName | null {
  if (VEGA.test(mime)) {
    return 'vega';
  }
  return Object.hasOwn(BY_MIME, mime) ? (BY_MIME[mime] ?? null) : null;
}
