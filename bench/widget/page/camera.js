// Only the camera's picture, as ours asks for it, and nothing measured: the floor.
export async function start(tell) {
  const video = document.createElement('video');
  video.muted = true;
  video.srcObject = await navigator.mediaDevices.getUserMedia({
    audio: false,
    video: { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 15 } }
  });
  await video.play();
  const step = () => {
    tell(null);
    video.requestVideoFrameCallback(step);
  };
  video.requestVideoFrameCallback(step);
}
