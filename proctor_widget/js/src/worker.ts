/**
 * The measuring worker: pictures in, named numbers out.
 *
 * A module worker, since `forVisionTasks(url, true)` loads the WASM by import(); CPU
 * delegate, since the GPU one is slower without a GPU and no faster with one; no
 * blendshapes, since nobody here has any business with expressions. All files come
 * from our own origin; tasks-vision 0.10.35 is the last version that calls nobody.
 */
import { FaceLandmarker, FilesetResolver } from '@mediapipe/tasks-vision';
import type { Counted } from './beat.js';
import { Lens } from './lens.js';
import { Asking, SecondOpinion } from './opinion.js';
import type { FromWorker, ToWorker } from './protocol.js';
import { crops, meshPoints, reduce, type Detection } from './reduce.js';

const HEARTBEAT_MS = 1000;
const MAX_FACES = 2;

// The DOM typings describe a window here; this is the part of a worker that we use.
const scope = globalThis as unknown as {
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  postMessage(message: FromWorker, transfer?: Transferable[]): void;
};

let landmarker: FaceLandmarker | null = null;
/** Null before it is loaded, and for good when it cannot be: then it is not asked. */
let opinion: SecondOpinion | null = null;
let asking = new Asking();
let previous: Float64Array | null = null;
let lastTimestamp_ms = 0;
/** Whether the person looks at their own mesh now. */
let showsMesh = false;
/** Where it is told how much was measured, without the page's hands; null: nowhere. */
let counts: MessagePort | null = null;

const lens = new Lens();

async function load(files: Extract<ToWorker, { type: 'load' }>): Promise<void> {
  // Even the CPU delegate needs WebGL to read pictures, and without it fails only at
  // the first detection, with words nobody understands. So look first.
  if (new OffscreenCanvas(1, 1).getContext('webgl2') === null) {
    throw new Error('this browser offers no WebGL');
  }
  const vision = await FilesetResolver.forVisionTasks(files.wasmUrl, true);
  landmarker = await FaceLandmarker.createFromOptions(vision, {
    baseOptions: { modelAssetPath: files.modelUrl, delegate: 'CPU' },
    runningMode: 'VIDEO',
    numFaces: MAX_FACES,
    outputFaceBlendshapes: false,
    outputFacialTransformationMatrixes: true
  });
  warmUp(landmarker);
  // Nobody waits for this one: measuring begins while it loads.
  SecondOpinion.load(vision, files.personModelUrl).then(
    loaded => {
      opinion = loaded;
    },
    (error: unknown) => {
      console.warn('The second opinion did not load:', error);
    }
  );
}

/** The first inference takes a second or two: spend it before anybody waits. */
function warmUp(detector: FaceLandmarker): void {
  const black = new OffscreenCanvas(640, 480);
  black.getContext('2d')?.fillRect(0, 0, black.width, black.height);
  detector.detectForVideo(black, ++lastTimestamp_ms);
}

function measure(bitmap: ImageBitmap, at_ms: number): FromWorker {
  const nothing: FromWorker = { type: 'frame', frame: null, busy_ms: 0 };
  if (landmarker === null) {
    return nothing;
  }
  const started_ms = performance.now();
  // MediaPipe insists on increasing integers of its own clock.
  lastTimestamp_ms = Math.max(lastTimestamp_ms + 1, Math.floor(at_ms));
  const result = landmarker.detectForVideo(bitmap, lastTimestamp_ms);
  const inference_ms = performance.now() - started_ms;
  const found: Detection = {
    faces: result.faceLandmarks,
    matrices: result.facialTransformationMatrixes.map(matrix => matrix.data),
    width_px: bitmap.width,
    height_px: bitmap.height
  };
  if (showsMesh) {
    const points = meshPoints(found);
    scope.postMessage({ type: 'mesh', points }, [points.buffer]);
  }
  const luma = lens.thumbnail(bitmap);
  const before = previous;
  previous = luma;
  if (before === null) {
    return nothing;
  }
  const looked = lens.crops(bitmap, crops(found));
  const busy_ms = performance.now() - started_ms;
  const person = secondOpinion(bitmap, found.faces.length, at_ms);
  const frame = reduce(found, {
    at_ms,
    inference_ms,
    luma,
    previous: before,
    crops: looked,
    person
  });
  return { type: 'frame', frame, busy_ms };
}

function secondOpinion(
  bitmap: ImageBitmap,
  faces: number,
  at_ms: number
): number | null {
  if (opinion === null || !asking.due(faces, at_ms)) {
    return null;
  }
  try {
    return opinion.ask(bitmap);
  } catch (error) {
    // Without it "nobody" cannot be said, which the engine knows. All else goes on.
    console.warn('The second opinion failed:', error);
    opinion = null;
    return null;
  }
}

function count(counted: Counted): void {
  counts?.postMessage(counted);
}

async function answer(message: ToWorker): Promise<FromWorker | null> {
  switch (message.type) {
    case 'load':
      await load(message);
      return { type: 'ready' };
    case 'frame':
      try {
        const reply = measure(message.bitmap, message.at_ms);
        count({ measured: landmarker === null ? 0 : 1 });
        return reply;
      } finally {
        message.bitmap.close();
      }
    case 'counts':
      counts?.close();
      counts = message.port;
      return null;
    case 'forget':
      previous = null;
      asking = new Asking();
      return null;
    case 'mesh':
      showsMesh = message.on;
      return null;
  }
}

async function handle(message: ToWorker): Promise<void> {
  let reply: FromWorker | null;
  try {
    reply = await answer(message);
  } catch (error) {
    // The boundary of the detector: whatever it throws becomes one sentence.
    const reason = error instanceof Error ? error.message : String(error);
    reply = { type: 'failed', reason };
  }
  if (reply !== null) {
    scope.postMessage(reply);
  }
}

scope.onmessage = event => {
  void handle(event.data);
};

setInterval(() => {
  scope.postMessage({ type: 'tick' });
}, HEARTBEAT_MS);
