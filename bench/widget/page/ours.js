// Ours: the built module, as the notebook page uses it.
import { assetsAt, Watcher } from '/lib/index.js';

const FILES = '/nbinterview/static/bench/';

export async function start(tell, told) {
  let ready;
  const isReady = new Promise((resolve, reject) => {
    ready = { resolve, reject };
  });
  const watcher = new Watcher({
    assets: assetsAt(FILES),
    onFrames: (_frames, dropped, rate_hz) => {
      told.rates.push([performance.timeOrigin + performance.now(), rate_hz, dropped]);
    },
    onCamera: () => undefined,
    onDetector: event => {
      if (event.state === 'ready') {
        ready.resolve();
      } else {
        ready.reject(new Error(event.reason));
      }
    },
    onFrame: frame => {
      told.lastFrame = frame;
      tell(frame.faces);
    }
  });
  await watcher.open();
  watcher.start();
  await isReady;
}
