/**
 * How a room's page shows outputs and Markdown. These plugins stand in for JupyterLab's
 * of the same purpose, which `lab_settings/page_config.json` switches off.
 */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ISanitizer, IThemeManager } from '@jupyterlab/apputils';
import type { CodeCell } from '@jupyterlab/cells';
import { IEditorServices } from '@jupyterlab/codeeditor';
import { PageConfig, URLExt } from '@jupyterlab/coreutils';
import { NotebookPanel } from '@jupyterlab/notebook';
import { OutputArea } from '@jupyterlab/outputarea';
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import {
  ILatexTypesetter,
  IMarkdownParser,
  IRenderMimeRegistry
} from '@jupyterlab/rendermime';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { commsPlugin } from './commsplugin';
import { Frames } from './frames';
// eslint-disable-next-line jupyter/prefer-lazy-imports -- every page has one
import { ClosedRegistry, PAGE_FACTORIES, outputFactories } from './registry';
import { RoomSanitizer } from './sanitizer';
import { IFrames } from './tokens';

/** `@jupyterlab/apputils-extension:sanitizer`, without its settings. */
const sanitizerPlugin: JupyterFrontEndPlugin<IRenderMime.ISanitizer> = {
  id: '@nbinterview/lab:sanitizer',
  description: 'The sanitiser of Markdown: no commands, no guessed links.',
  autoStart: true,
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- as above
  provides: ISanitizer,
  activate: (app: JupyterFrontEnd) => {
    // It would run commands that a click on somebody's Markdown names.
    app.commandLinker.dispose();
    return new RoomSanitizer();
  }
};

/** `@jupyterlab/mathjax-extension:plugin`, without links, classes and `\require`. */
const mathPlugin: JupyterFrontEndPlugin<ILatexTypesetter> = {
  id: '@nbinterview/lab:math',
  description: 'Formulas that stay formulas.',
  autoStart: true,
  provides: ILatexTypesetter,
  activate: () => {
    const typesetter = import('@nbinterview/frame/lib/math').then(
      ({ createTypesetter }) => createTypesetter()
    );
    return {
      typeset: async (element: HTMLElement) => {
        (await typesetter)(element);
      }
    };
  }
};

/** `@jupyterlab/rendermime-extension:plugin`, closed to other renderers. */
const registryPlugin: JupyterFrontEndPlugin<IRenderMimeRegistry> = {
  id: '@nbinterview/lab:rendermime',
  description: 'The renderers of a room, and no others.',
  autoStart: true,
  provides: IRenderMimeRegistry,
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- as above
  requires: [ISanitizer],
  optional: [ILatexTypesetter, IMarkdownParser, ITranslator],
  activate: (
    _app: JupyterFrontEnd,
    sanitizer: IRenderMime.ISanitizer,
    latexTypesetter: ILatexTypesetter | null,
    markdownParser: IMarkdownParser | null,
    translator: ITranslator | null
  ) =>
    new ClosedRegistry(PAGE_FACTORIES, {
      sanitizer,
      translator: translator ?? nullTranslator,
      ...(latexTypesetter === null ? {} : { latexTypesetter }),
      ...(markdownParser === null ? {} : { markdownParser })
    })
};

const framesPlugin: JupyterFrontEndPlugin<Frames> = {
  id: '@nbinterview/lab:frames',
  description: 'What all output frames share.',
  autoStart: true,
  provides: IFrames,
  optional: [IThemeManager, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    themes: IThemeManager | null,
    translator: ITranslator | null
  ) => {
    const version = PageConfig.getOption('nbinterviewVersion');
    const url = URLExt.join(
      app.serviceManager.serverSettings.baseUrl,
      `nbinterview/static/${version}/frame/index.html`
    );
    const frames = new Frames(url, (translator ?? nullTranslator).load('nbinterview'));
    themes?.themeChanged.connect(() => {
      frames.readTheme();
    });
    return frames;
  }
};

/** Cells whose outputs have the outputs' renderers, and Markdown the page's. */
class RoomContentFactory extends NotebookPanel.ContentFactory {
  constructor(
    options: ConstructorParameters<typeof NotebookPanel.ContentFactory>[0],
    private readonly _frames: Frames
  ) {
    super(options);
  }

  override createCodeCell(options: CodeCell.IOptions): CodeCell {
    const { rendermime } = options;
    if (!(rendermime instanceof ClosedRegistry)) {
      throw new Error('A room shows outputs with its own renderers only.');
    }
    return super.createCodeCell({
      ...options,
      rendermime: rendermime.withFactories(outputFactories(this._frames))
    });
  }
}

/** `@jupyterlab/notebook-extension:factory`. */
const factoryPlugin: JupyterFrontEndPlugin<NotebookPanel.IContentFactory> = {
  id: '@nbinterview/lab:factory',
  description: 'Makes the cells of a room.',
  autoStart: true,
  provides: NotebookPanel.IContentFactory,
  requires: [IEditorServices, IFrames],
  activate: (_app: JupyterFrontEnd, editors: IEditorServices, frames: Frames) => {
    // An output that asks to be isolated would get a frame of JupyterLab's own, which
    // has the page's origin.
    OutputArea.isIsolated = () => false;
    return new RoomContentFactory(
      { editorFactory: editors.factoryService.newInlineEditor },
      frames
    );
  }
};

/** Everything about outputs and Markdown. */
export const outputPlugins = [
  sanitizerPlugin,
  mathPlugin,
  registryPlugin,
  framesPlugin,
  commsPlugin,
  factoryPlugin
];
