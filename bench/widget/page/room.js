// Put into a candidate's page before anything else: what its worker is given and
// answers, how long a key takes to be painted, and the clock of its camera's pictures.
(() => {
  const seen = { answers: [], waiting: 0, mostWaiting: 0, keys_ms: [], streams: 0 };
  const now_ms = () => performance.timeOrigin + performance.now();

  window.Worker = class extends Worker {
    constructor(...words) {
      super(...words);
      this.addEventListener('message', ({ data }) => {
        if (data?.type === 'frame') {
          seen.waiting--;
          if (data.frame !== null) {
            seen.answers.push([now_ms(), data.frame.at_ms, data.frame.faces]);
          }
        }
      });
    }

    postMessage(message, ...rest) {
      if (message?.type === 'frame') {
        seen.mostWaiting = Math.max(seen.mostWaiting, ++seen.waiting);
      }
      super.postMessage(message, ...rest);
    }
  };

  const media = navigator.mediaDevices;
  const open = media?.getUserMedia.bind(media);
  if (open) {
    media.getUserMedia = async wanted => {
      const stream = await open(wanted);
      seen.streams++;
      if (window.wantsClock) {
        window.readClock(stream);
      }
      return stream;
    };
  }

  // From the moment the browser got the key to the first task after the frame that
  // the key's handlers asked for or changed.
  window.watchKeys = () => {
    const { port1, port2 } = new MessageChannel();
    const begun_ms = [];
    port1.onmessage = () => seen.keys_ms.push(performance.now() - begun_ms.shift());
    document.addEventListener(
      'keydown',
      event => {
        const { timeStamp } = event;
        requestAnimationFrame(() => {
          begun_ms.push(timeStamp);
          port2.postMessage(null);
        });
      },
      true
    );
  };
  window.seen = seen;
})();
