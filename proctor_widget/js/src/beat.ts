/**
 * What a beat says, and the messages between a page, its beats' worker and its detector.
 *
 * Once a second a worker of its own signs that it lives, and how many pictures the detector
 * measured, which the detector's worker tells it directly. So silence is known for what it
 * is. Pure: no clock and no timer in here.
 */
import type { Beat } from './generated/live.js';

/** The page to the worker. */
export type ToHeart =
  /** Who this is; the first message. Counts go on from these, after a worker that died. */
  | { type: 'begin'; boot_id: string; page_origin_ms: number; from: Progress }
  /** What one connection needs; null between connections. `connection` comes back. */
  | { type: 'connection'; connection: number; keys: Keys | null }
  | { type: 'nonce'; nonce: string }
  /** Whether beats are to go out: while this page watches. */
  | { type: 'run'; on: boolean }
  /** The camera gave so many pictures that no detector took: it was busy, or is gone. */
  | { type: 'dropped'; pictures: number }
  /** Where a detector tells what it counts, from now on. The port is transferred. */
  | { type: 'counts'; port: MessagePort };

/** The worker to the page. */
export type FromHeart =
  /** Each second, with nothing to send: the worker lives. */
  | { type: 'alive'; progress: Progress }
  /** To be sent on this connection, at once or never. */
  | { type: 'beat'; connection: number; beat: Beat }
  /** It cannot sign here; the reason is one sentence. */
  | { type: 'failed'; reason: string };

/** What `welcome.beats` brings. */
export interface Keys {
  interview: string;
  /** base64 of 32 bytes. */
  key: string;
  nonce: string;
  interval_ms: number;
}

/** What a detector's worker tells: pictures that it measured since its last word. */
export interface Counted {
  measured: number;
}

/** How far the counting is. */
export interface Progress {
  beat: number;
  frames_seen: number;
  frames_dropped: number;
}

export const NOTHING: Progress = { beat: 0, frames_seen: 0, frames_dropped: 0 };

/** What a beat says. */
export type Said = Omit<Beat, 'type' | 'mac'>;

/** What is signed. */
export type Signed = Said & { interview: string };

/** Counts seconds and pictures. */
export class Counter {
  constructor(from: Progress) {
    this._progress = { ...from };
  }

  get progress(): Progress {
    return { ...this._progress };
  }

  /** One second more, or one answer to a nonce. */
  beat(): void {
    this._progress.beat++;
  }

  count({ measured }: Counted): void {
    this._progress.frames_seen += measured;
  }

  drop(pictures: number): void {
    this._progress.frames_dropped += pictures;
  }

  private readonly _progress: Progress;
}

/**
 * The bytes that are signed: RFC 8785 of the body, which is JSON with sorted names, since
 * all its numbers are whole and below 2**53.
 */
export function signedBytes(body: Signed): Uint8Array<ArrayBuffer> {
  const sorted = Object.entries(body).sort(([a], [b]) => (a < b ? -1 : 1));
  return new TextEncoder().encode(JSON.stringify(Object.fromEntries(sorted)));
}

/** The key of one connection, which nothing reads again. */
export async function importKey(base64: string): Promise<CryptoKey> {
  const raw = Uint8Array.from(atob(base64), char => char.charCodeAt(0));
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  return crypto.subtle.importKey('raw', raw, algorithm, false, ['sign']);
}

/** The beat as it goes over the wire. */
export async function sign(
  interview: string,
  said: Said,
  key: CryptoKey
): Promise<Beat> {
  const bytes = signedBytes({ interview, ...said });
  const mac = await crypto.subtle.sign('HMAC', key, bytes);
  const hex = Array.from(new Uint8Array(mac), byte =>
    byte.toString(16).padStart(2, '0')
  ).join('');
  return { type: 'beat', ...said, mac: hex };
}
