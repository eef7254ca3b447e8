// The same model on the page's own thread, with each picture of the camera.
import {
  FaceLandmarker,
  FilesetResolver
} from '/peers/@mediapipe/tasks-vision/vision_bundle.mjs';

export async function start(tell) {
  const vision = await FilesetResolver.forVisionTasks(
    '/peers/@mediapipe/tasks-vision/wasm'
  );
  const landmarker = await FaceLandmarker.createFromOptions(vision, {
    baseOptions: {
      modelAssetPath: '/nbinterview/static/bench/models/face_landmarker.task'
    },
    runningMode: 'VIDEO'
  });
  const video = document.createElement('video');
  video.muted = true;
  video.srcObject = await navigator.mediaDevices.getUserMedia({ video: true });
  await video.play();
  const step = () => {
    const { faceLandmarks } = landmarker.detectForVideo(video, performance.now());
    tell(faceLandmarks.length);
    video.requestVideoFrameCallback(step);
  };
  step();
}
