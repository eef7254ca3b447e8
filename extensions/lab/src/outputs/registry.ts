/**
 * Which renderers a room's page has: these and no others.
 *
 * JupyterLab's extensions add theirs to whatever registry there is; here they are not
 * taken. There are two: what is shown of cells, help and the like, and what is
 * shown of outputs. Neither asks whether something is trusted, and both have one order.
 */

import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import {
  MimeModel,
  RenderMimeRegistry,
  RenderedImage,
  RenderedLatex,
  RenderedMarkdown,
  errorRendererFactory,
  textRendererFactory
} from '@jupyterlab/rendermime';

import { FramedOutput } from './framedoutput';
import type { Frames } from './frames';

type Factory = IRenderMime.IRendererFactory;
type Options = RenderMimeRegistry.IOptions;
type CloneOptions = Parameters<RenderMimeRegistry['clone']>[0];

/** What a frame shows, by rank: figures before the HTML that would need scripts. */
const FRAMED: readonly (readonly [rank: number, ...mimes: string[]])[] = [
  [10, 'application/vnd.jupyter.widget-view+json'],
  [40, 'application/vnd.plotly.v1+json'],
  [
    41,
    'application/vnd.vegalite.v6+json',
    'application/vnd.vegalite.v5+json',
    'application/vnd.vegalite.v4+json',
    'application/vnd.vega.v6+json',
    'application/vnd.vega.v5+json'
  ],
  [50, 'text/html'],
  [60, 'text/markdown'],
  [70, 'text/latex'],
  [80, 'image/svg+xml'],
  [100, 'application/json']
];

/** What a frame shows. */
export const FRAMED_TYPES: readonly string[] = FRAMED.flatMap(([, ...mimes]) => mimes);

const images: Factory = {
  safe: true,
  mimeTypes: ['image/png', 'image/jpeg', 'image/gif', 'image/webp'],
  defaultRank: 90,
  createRenderer: options => new RenderedImage(options)
};

class NeverTrusted extends RenderedMarkdown {
  override render(model: IRenderMime.IMimeModel): Promise<void> {
    return super.render(new MimeModel({ data: model.data, trusted: false }));
  }
}

const markdown: Factory = {
  safe: true,
  mimeTypes: ['text/markdown'],
  defaultRank: 60,
  createRenderer: options => new NeverTrusted(options)
};

const latex: Factory = {
  safe: true,
  mimeTypes: ['text/latex'],
  defaultRank: 70,
  createRenderer: options => new RenderedLatex(options)
};

/** For everything in the page but outputs. */
export const PAGE_FACTORIES: readonly Factory[] = [
  markdown,
  latex,
  images,
  errorRendererFactory,
  textRendererFactory
];

/** For outputs. */
export function outputFactories(frames: Frames): readonly Factory[] {
  const framed = FRAMED.map(([defaultRank, ...mimeTypes]): Factory => ({
    safe: true,
    mimeTypes,
    defaultRank,
    createRenderer: ({ mimeType }) => new FramedOutput(mimeType, frames)
  }));
  return [...framed, images, errorRendererFactory, textRendererFactory];
}

/** A registry that takes no renderers but those it was made with. */
export class ClosedRegistry extends RenderMimeRegistry {
  constructor(
    factories: readonly Factory[],
    private readonly _options: Omit<Options, 'initialFactories'>
  ) {
    super(_options);
    this._factoriesOfRoom = factories;
    for (const factory of factories) {
      super.addFactory(factory);
    }
  }

  override addFactory(factory: Factory): void {
    console.debug('Not shown in a room:', factory.mimeTypes.join(', '));
  }

  override clone(options: CloneOptions = {}): ClosedRegistry {
    return this.withFactories(this._factoriesOfRoom, options);
  }

  /** One like this with other renderers. */
  withFactories(
    factories: readonly Factory[],
    options: CloneOptions = {}
  ): ClosedRegistry {
    const changed = Object.fromEntries(
      Object.entries(options).filter(([, value]) => value != null)
    );
    const resolver = options.resolver ?? this.resolver ?? undefined;
    return new ClosedRegistry(factories, {
      ...this._options,
      ...changed,
      // Never a way to commands or to trust, whoever offers one.
      linkHandler: undefined,
      trustHandler: undefined,
      ...(resolver === undefined ? {} : { resolver })
    });
  }

  private readonly _factoriesOfRoom: readonly Factory[];
}
