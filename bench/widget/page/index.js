// One page, and in it what `?variant=` names, measured the same way whatever it is.
const query = new URLSearchParams(location.search);
const told = { gaps_ms: [], longTasks: [], results: [], rates: [], failed: null };
let gapTimer = 0;

new PerformanceObserver(list => {
  for (const { startTime, duration } of list.getEntries()) {
    told.longTasks.push({ at_ms: startTime, duration_ms: duration });
  }
}).observe({ type: 'longtask' });

/** The gaps between the ticks of a 4 ms timer: how long the page is held up. */
function watchGaps() {
  let last_ms = performance.now();
  told.gaps_ms.length = 0;
  gapTimer = setInterval(() => {
    const now_ms = performance.now();
    told.gaps_ms.push(now_ms - last_ms);
    last_ms = now_ms;
  }, 4);
}

function takeGaps() {
  clearInterval(gapTimer);
  return told.gaps_ms.splice(0);
}

/** A variant says how many faces it found; null when it cannot say. */
function tell(faces) {
  told.results.push([performance.timeOrigin + performance.now(), faces]);
}

Object.assign(window, { told, watchGaps, takeGaps });
if (query.has('clock')) {
  const media = navigator.mediaDevices;
  const open = media.getUserMedia.bind(media);
  media.getUserMedia = async wanted => {
    const stream = await open(wanted);
    window.readClock(stream);
    return stream;
  };
  await new Promise((resolve, reject) => {
    const script = document.createElement('script');
    Object.assign(script, { src: '/page/clock.js', onload: resolve, onerror: reject });
    document.head.append(script);
  });
}
try {
  const { start } = await import(`/page/${query.get('variant')}.js`);
  await start(tell, told);
} catch (error) {
  told.failed = String(error?.stack ?? error);
}
document.documentElement.dataset.started = 'yes';
