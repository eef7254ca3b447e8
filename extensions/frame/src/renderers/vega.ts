import type { EmbedOptions } from 'vega-embed';
import embed from 'vega-embed';

import type { Json, JsonObject } from '../protocol';
import type { Output } from '../renderer';
import { provide } from '../renderer';

const THEMES = [
  'dark',
  'excel',
  'fivethirtyeight',
  'ggplot2',
  'googlecharts',
  'latimes',
  'powerbi',
  'quartz',
  'urbaninstitute',
  'vox'
] as const;

/** How large a chart without a size was before version 6; stock shows it so. */
const SIZE_BEFORE_6 = { view: { continuousWidth: 200, continuousHeight: 200 } };
const BEFORE_6 = /^application\/vnd\.vegalite\.v[45]\+json$/;
const VEGA = /^application\/vnd\.vega\.v/;

/** A loader that loads nothing and leads nowhere. */
const NO_LOADER = {
  load: refuse,
  sanitize: refuse,
  http: refuse,
  file: refuse
};

function refuse(): Promise<never> {
  return Promise.reject(
    new Error('Outputs in a room load nothing: put the data into the figure itself.')
  );
}

/** The specification without the options that it can bring for its own embedding. */
function withoutOptions(spec: Json): JsonObject {
  if (typeof spec !== 'object' || spec === null || Array.isArray(spec)) {
    throw new Error('This is no Vega specification.');
  }
  return Object.fromEntries(
    Object.entries(spec).filter(([name]) => name !== 'usermeta')
  );
}

function embedOptions(spec: Json): EmbedOptions {
  const meta = (spec as { usermeta?: { embedOptions?: JsonObject } }).usermeta;
  const wished = meta?.embedOptions ?? {};
  const theme = THEMES.find(name => name === wished['theme']);
  return {
    renderer: wished['renderer'] === 'svg' ? 'svg' : 'canvas',
    ...(theme === undefined ? {} : { theme })
  };
}

async function draw(output: Output, place: HTMLElement, dark: boolean): Promise<void> {
  await embed(place, withoutOptions(output.data), {
    ...embedOptions(output.data),
    ...(dark ? { theme: 'dark' as const } : {}),
    ...(BEFORE_6.test(output.mime) ? { config: SIZE_BEFORE_6 } : {}),
    mode: VEGA.test(output.mime) ? 'vega' : 'vega-lite',
    // Its menu downloads and opens windows, which a frame cannot.
    actions: false,
    defaultStyle: true,
    // Expressions are interpreted: no code is made from text.
    ast: true,
    loader: NO_LOADER
  });
}

const shown = new Map<HTMLElement, { output: Output; dark: boolean }>();

provide('vega', {
  async show(output, host, { theme: { dark } }) {
    const place = document.createElement('div');
    host.classList.add('jp-RenderedVegaCommon5');
    host.append(place);
    shown.set(place, { output, dark });
    await draw(output, place, dark);
  },
  themeChanged({ dark }) {
    for (const [place, drawn] of shown) {
      if (!place.isConnected) {
        shown.delete(place);
      } else if (drawn.dark !== dark) {
        drawn.dark = dark;
        draw(drawn.output, place, dark).catch(console.warn);
      }
    }
  }
});
