// The host that the tests drive: it mounts the built module and keeps what it says.
import { assetsAt, CheckView, FocusTracker, Watcher } from '/lib/index.js';

const told = { batches: [], camera: [], detector: [], facts: [], longTasks: [] };
new PerformanceObserver(list => {
  for (const task of list.getEntries()) {
    told.longTasks.push({ at_ms: task.startTime, duration_ms: task.duration });
  }
}).observe({ type: 'longtask' });

const check = new CheckView();
document.getElementById('check').append(check.node);

const folder = new URLSearchParams(location.search).get('assets') ?? '/static/';
const watcher = new Watcher({
  assets: assetsAt(folder),
  onFrames: (frames, dropped, rate_hz) =>
    told.batches.push({ at_ms: performance.now(), frames, dropped, rate_hz }),
  onCamera: event => {
    told.camera.push(event);
    check.showCamera(event);
  },
  onDetector: event => {
    told.detector.push(event);
    check.showDetector(event);
  },
  onFrame: frame => check.showFrame(frame),
  onStream: stream => check.showStream(stream)
});

const focus = new FocusTracker({
  onEvent: event => told.facts.push(event),
  cellIdOf: target => target?.closest?.('.cell')?.id
});

Object.assign(window, { told, watcher, focus, check });
document.documentElement.dataset.ready = 'yes';
