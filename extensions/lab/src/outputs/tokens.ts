/** What the plugins around output frames offer each other. */

import type { CommMessage } from '@nbinterview/frame';
import { Token } from '@lumino/coreutils';

import type { Frames } from './frames';

/** The frames of a page. */
export const IFrames = new Token<Frames>(
  '@nbinterview/lab:IFrames',
  'The frames that show rich output, and the way of their widgets to the kernel.'
);

/** One frame, as the way to the kernel sees it. */
export interface IWidgetFrame {
  /** Hand a message of the kernel to the frame. */
  receive(message: CommMessage): void;
  /** Say that the kernel is gone. */
  kernelGone(): void;
}

/** A frame's way to the kernel. */
export interface IKernelLink {
  /** Take a message of the frame, which nobody has judged yet. */
  send(message: CommMessage): void;
  /** The frame is no more, or has been loaded anew: its comms are nobody's. */
  close(): void;
}

/** Makes a way to the kernel for a frame that shows a widget. */
export type LinkKernel = (frame: IWidgetFrame) => IKernelLink;
