/** What a renderer is, and how one that was loaded makes itself known. */

import type { CommMessage, Json, JsonObject, Theme } from './protocol';

/** What there is to show. */
export interface Output {
  mime: string;
  data: Json;
  metadata: JsonObject;
}

/** What the frame does for its renderers. */
export interface Frame {
  readonly theme: Theme;
  /** Show an output below `host`, with the renderer that is right for it. */
  show(output: Output, host: HTMLElement): Promise<void>;
  /** Send a widget's message to the page; transfers its buffers. */
  sendComm(message: CommMessage): void;
  /** Typeset the formulas below an element. */
  typeset(host: HTMLElement): Promise<void>;
}

/**
 * Shows outputs of some MIME types. One is loaded at most once in a frame and may be
 * asked to show several outputs (widgets hold outputs); only the methods that it has are called.
 */
export interface Renderer {
  /** Put an output into an empty element; a rejection is told as `failed`. */
  show(output: Output, host: HTMLElement, frame: Frame): Promise<void> | void;
  /** Only of `latex`. */
  typeset?(host: HTMLElement): void;
  /** The page's look has changed. */
  themeChanged?(theme: Theme): void;
  /** A message from the kernel. */
  commReceived?(message: CommMessage): void;
  /** The kernel is gone. */
  commGone?(): void;
}

/** The scripts that hold a renderer, by the name of their file. */
export type RendererName =
  'html' | 'markdown' | 'latex' | 'svg' | 'json' | 'plotly' | 'vega' | 'widgets';

declare global {
  // The one thing that the frame's classic scripts share.
  var nbinterviewRenderers: Partial<Record<RendererName, Renderer>> | undefined;
}

/** Called by a renderer's script when it has been loaded. */
export function provide(name: RendererName, renderer: Renderer): void {
  (globalThis.nbinterviewRenderers ??= {})[name] = renderer;
}
