/**
 * What a page and its output frames say to each other: the only definition.
 *
 * The page hands over one `MessagePort` when the frame has loaded, as the transfer of a
 * `Greeting`; everything after that goes through the port. The page believes nothing
 * that comes out of it: see `readFromFrame`.
 */

/** Posted once to the frame's window, with a port as its only transfer. */
export const GREETING = 'nbinterview-frame';

/** The page's greeting. */
export interface Greeting {
  type: typeof GREETING;
}

/** JSON, as outputs and comm messages carry it. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** A JSON object. */
export type JsonObject = Record<string, Json>;

/** How the page looks, so that the frame looks alike. */
export interface Theme {
  dark: boolean;
  /** The `--jp-*` properties that the frame's style uses. */
  variables: Record<string, string>;
}

/** The comm messages of Jupyter's protocol. */
export const COMM_TYPES = [
  'comm_open',
  'comm_msg',
  'comm_close',
  'comm_info_request',
  'comm_info_reply'
] as const;

/** One message of a widget or to a widget. */
export interface CommMessage {
  msg_type: (typeof COMM_TYPES)[number];
  content: JsonObject;
  metadata: JsonObject;
  buffers: ArrayBuffer[];
}

/** Show this, in place of what is shown. */
export interface Render {
  type: 'render';
  mime: string;
  data: Json;
  metadata: JsonObject;
  theme: Theme;
}

/** All that a page says. `comm-gone`: the kernel that the comms led to is no more. */
export type ToFrame =
  | Render
  | { type: 'theme'; theme: Theme }
  | { type: 'comm'; message: CommMessage }
  | { type: 'comm-gone' };

/** All that a frame says. `leave`: a person wants the focus back in the page. */
export type FromFrame =
  | { type: 'ready' }
  | { type: 'leave' }
  | { type: 'size'; height_px: number }
  | { type: 'failed'; words: string }
  | { type: 'comm'; message: CommMessage };

/** What the page takes as a frame's height; longer outputs scroll inside. */
export const MAX_HEIGHT_PX = 20_000;
const MAX_WORDS = 500;
const MAX_BUFFERS = 64;

/** The height that a page gives a frame that asks for this one. */
export function clampHeight(height_px: number): number {
  return Math.min(Math.max(height_px, 0), MAX_HEIGHT_PX);
}

/**
 * What a frame said, or null if it is nothing of the above.
 *
 * Everything is made anew from checked parts; a comm's `content` and `metadata` are the
 * kernel's to judge, and go nowhere but there.
 */
export function readFromFrame(data: unknown): FromFrame | null {
  if (!isObject(data)) {
    return null;
  }
  switch (data['type']) {
    case 'ready':
      return { type: 'ready' };
    case 'leave':
      return { type: 'leave' };
    case 'size': {
      const height_px = data['height_px'];
      return typeof height_px === 'number' && Number.isFinite(height_px)
        ? { type: 'size', height_px: clampHeight(height_px) }
        : null;
    }
    case 'failed': {
      const words = data['words'];
      return typeof words === 'string'
        ? { type: 'failed', words: words.slice(0, MAX_WORDS) }
        : null;
    }
    case 'comm': {
      const message = readComm(data['message']);
      return message === null ? null : { type: 'comm', message };
    }
    default:
      return null;
  }
}

function readComm(data: unknown): CommMessage | null {
  if (!isObject(data)) {
    return null;
  }
  const { msg_type, content, metadata, buffers } = data;
  const known = COMM_TYPES.find(type => type === msg_type);
  const isWhole =
    known !== undefined &&
    isObject(content) &&
    isObject(metadata) &&
    Array.isArray(buffers) &&
    buffers.length <= MAX_BUFFERS &&
    buffers.every(buffer => buffer instanceof ArrayBuffer);
  return isWhole
    ? {
        msg_type: known,
        content: content as JsonObject,
        metadata: metadata as JsonObject,
        buffers
      }
    : null;
}

function isObject(data: unknown): data is Record<string, unknown> {
  return typeof data === 'object' && data !== null && !Array.isArray(data);
}
