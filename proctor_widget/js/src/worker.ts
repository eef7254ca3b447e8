/**
 * The measuring worker: pictures in, named numbers out.
 *
 * A module worker, since `forVisionTasks(url, true)` loads the WASM by import(); CPU
 * delegate, since the GPU one is slower without a GPU and no faster with one; no
 * blendshapes, since nobody here has any business with expressions. All files come
 * from our own origin; tasks-vision 0.10.35 is the last version that calls nobody.
 */
import { FaceLandmarker, FilesetResolver } from '@mediapipe/tasks-vision';
import type { FromWorker, ToWorker } from './protocol.js';
import { LUMA_HEIGHT_PX, LUMA_WIDTH_PX, luminance, reduce } from './reduce.js';

const HEARTBEAT_MS = 1000;
const MAX_FACES = 2;

// The DOM typings describe a window here; this is the part of a worker that we use.
const scope = globalThis as unknown as {
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  postMessage(message: FromWorker): void;
};

let landmarker: FaceLandmarker | null = null;
let previous: Float64Array | null = null;
let lastTimestamp_ms = 0;

const thumbnail = new OffscreenCanvas(LUMA_WIDTH_PX, LUMA_HEIGHT_PX).getContext('2d', {
  willReadFrequently: true
});

async function load(wasmUrl: string, modelUrl: string): Promise<void> {
  // Even the CPU delegate needs WebGL to read pictures, and without it fails only at
  // the first detection, with words nobody understands. So look first.
  if (new OffscreenCanvas(1, 1).getContext('webgl2') === null) {
    throw new Error('this browser offers no WebGL');
  }
  const vision = await FilesetResolver.forVisionTasks(wasmUrl, true);
  landmarker = await FaceLandmarker.createFromOptions(vision, {
    baseOptions: { modelAssetPath: modelUrl, delegate: 'CPU' },
    runningMode: 'VIDEO',
    numFaces: MAX_FACES,
    outputFaceBlendshapes: false,
    outputFacialTransformationMatrixes: true
  });
  warmUp(landmarker);
}

/** The first inference takes a second or two: spend it before anybody waits. */
function warmUp(detector: FaceLandmarker): void {
  const black = new OffscreenCanvas(640, 480);
  black.getContext('2d')?.fillRect(0, 0, black.width, black.height);
  detector.detectForVideo(black, ++lastTimestamp_ms);
}

function measure(bitmap: ImageBitmap, at_ms: number): FromWorker {
  if (landmarker === null || thumbnail === null) {
    return { type: 'frame', frame: null };
  }
  const started_ms = performance.now();
  // MediaPipe insists on increasing integers of its own clock.
  lastTimestamp_ms = Math.max(lastTimestamp_ms + 1, Math.floor(at_ms));
  const result = landmarker.detectForVideo(bitmap, lastTimestamp_ms);
  const inference_ms = performance.now() - started_ms;
  thumbnail.drawImage(bitmap, 0, 0, LUMA_WIDTH_PX, LUMA_HEIGHT_PX);
  const luma = luminance(
    thumbnail.getImageData(0, 0, LUMA_WIDTH_PX, LUMA_HEIGHT_PX).data
  );
  const before = previous;
  previous = luma;
  if (before === null) {
    return { type: 'frame', frame: null };
  }
  const frame = reduce(
    {
      faces: result.faceLandmarks,
      matrices: result.facialTransformationMatrixes.map(matrix => matrix.data),
      width_px: bitmap.width,
      height_px: bitmap.height
    },
    { at_ms, inference_ms, luma, previous: before }
  );
  return { type: 'frame', frame };
}

async function answer(message: ToWorker): Promise<FromWorker | null> {
  switch (message.type) {
    case 'load':
      await load(message.wasmUrl, message.modelUrl);
      return { type: 'ready' };
    case 'frame':
      try {
        return measure(message.bitmap, message.at_ms);
      } finally {
        message.bitmap.close();
      }
    case 'forget':
      previous = null;
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
