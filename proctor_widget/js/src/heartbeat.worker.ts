/**
 * The worker that beats: once a second, whatever the page is busy with.
 *
 * A worker's timers run on in a hidden page. The key of each connection is imported so that
 * nothing can read it again, and what the detector counts comes by a port of its own.
 */
import {
  Counter,
  importKey,
  NOTHING,
  sign,
  type Counted,
  type FromHeart,
  type Keys,
  type Said,
  type ToHeart
} from './beat.js';

const INTERVAL_MS = 1000;

// The DOM typings describe a window here; this is the part of a worker that we use.
const scope = globalThis as unknown as {
  onmessage: ((event: MessageEvent<ToHeart>) => void) | null;
  postMessage(message: FromHeart): void;
};

interface Connection {
  number: number;
  interview: string;
  key: Promise<CryptoKey>;
  nonce: string;
}

let bootId = '';
let pageOrigin_ms = performance.timeOrigin;
let counter = new Counter(NOTHING);
let connection: Connection | null = null;
let isRunning = false;
let timer: ReturnType<typeof setInterval> | undefined;
let counts: MessagePort | null = null;
let signing: Promise<void> = Promise.resolve();

/** Whole milliseconds of the page's clock, which the worker reads by itself. */
function monotonic_ms(): number {
  const now_ms = performance.timeOrigin - pageOrigin_ms + performance.now();
  return Math.max(0, Math.round(now_ms));
}

function beat(): void {
  counter.beat();
  scope.postMessage({ type: 'alive', progress: counter.progress });
  const current = connection;
  if (!isRunning || current === null) {
    return; // It counts as a second all the same.
  }
  const said = {
    boot_id: bootId,
    ...counter.progress,
    monotonic_ms: monotonic_ms(),
    nonce: current.nonce
  };
  // One after the other: their numbers rise on the wire.
  signing = signing.then(() => send(current, said));
}

async function send({ number, interview, key }: Connection, said: Said): Promise<void> {
  try {
    const signed = await sign(interview, said, await key);
    scope.postMessage({ type: 'beat', connection: number, beat: signed });
  } catch (error) {
    fail(error);
  }
}

function fail(error: unknown): void {
  const reason = error instanceof Error ? error.message : String(error);
  scope.postMessage({ type: 'failed', reason });
}

function beatEvery(interval_ms: number): void {
  clearInterval(timer);
  timer = setInterval(beat, interval_ms);
}

function connect(number: number, keys: Keys | null): void {
  if (keys === null) {
    connection = null;
    return;
  }
  const { interview, key, nonce, interval_ms } = keys;
  // In a promise, so that a browser without keys is one more that fails to sign. Said at
  // once: the person should know before the watching begins.
  const imported = Promise.resolve(key).then(importKey);
  imported.catch(fail);
  connection = { number, interview, key: imported, nonce };
  beatEvery(interval_ms);
  beat();
}

scope.onmessage = ({ data: message }) => {
  switch (message.type) {
    case 'begin':
      bootId = message.boot_id;
      pageOrigin_ms = message.page_origin_ms;
      counter = new Counter(message.from);
      beatEvery(INTERVAL_MS);
      break;
    case 'connection':
      connect(message.connection, message.keys);
      break;
    case 'nonce':
      if (connection !== null) {
        connection.nonce = message.nonce;
        beat();
      }
      break;
    case 'run':
      if (message.on && !isRunning) {
        isRunning = true;
        beat();
      }
      isRunning = message.on;
      break;
    case 'dropped':
      counter.drop(message.pictures);
      break;
    case 'counts':
      counts?.close();
      counts = message.port;
      counts.onmessage = (event: MessageEvent<Counted>) => {
        counter.count(event.data);
      };
      break;
  }
};
