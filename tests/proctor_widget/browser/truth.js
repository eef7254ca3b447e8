// Gives the built worker one picture after another, as files and not by a camera.
import { assetsAt, Detector } from '/lib/detector.js';

let answered;
const detector = new Detector({
  assets: assetsAt('/static/'),
  onReady: () => (document.documentElement.dataset.ready = 'yes'),
  onFailed: reason => (document.documentElement.dataset.ready = reason),
  onFrame: frame => answered(frame),
  onTick: () => undefined
});
detector.load();

window.measure = async (url, at_ms) => {
  const response = await fetch(url);
  const bitmap = await createImageBitmap(await response.blob(), {
    colorSpaceConversion: 'none'
  });
  const answer = new Promise(resolve => (answered = resolve));
  detector.measure(bitmap, at_ms);
  return answer;
};
