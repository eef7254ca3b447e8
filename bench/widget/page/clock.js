// Reads the number of each picture from the bits in its lower left corner
// (bench/widget/clips.py), on a video element of its own, and when it was shown.
(() => {
  const BITS = 12;
  const BLOCK_PX = 20;
  const WIDTH_PX = 640;
  const pictures = [];

  window.readClock = stream => {
    const video = document.createElement('video');
    const canvas = new OffscreenCanvas(BITS, 1);
    const context = canvas.getContext('2d', { willReadFrequently: true });
    context.imageSmoothingEnabled = false;
    video.muted = true;
    video.srcObject = stream;
    const step = now_ms => {
      const scale = video.videoWidth / WIDTH_PX;
      const side = BLOCK_PX * scale;
      const top = video.videoHeight - side;
      context.drawImage(video, 0, top, BITS * side, side, 0, 0, BITS, 1);
      const { data } = context.getImageData(0, 0, BITS, 1);
      let number = 0;
      for (let bit = 0; bit < BITS; bit++) {
        number = number * 2 + (data[bit * 4] > 127 ? 1 : 0);
      }
      pictures.push([performance.timeOrigin + now_ms, number]);
      video.requestVideoFrameCallback(step);
    };
    video.requestVideoFrameCallback(step);
    void video.play();
  };
  window.pictures = pictures;
})();
