// WebGazer at its defaults, its files from here.
export async function start(tell) {
  await new Promise((resolve, reject) => {
    const script = document.createElement('script');
    Object.assign(script, {
      src: '/peers/webgazer/dist/webgazer.js',
      onload: resolve,
      onerror: reject
    });
    document.head.append(script);
  });
  const { webgazer } = window;
  webgazer.params.faceMeshSolutionPath = '/peers/webgazer/dist/mediapipe/face_mesh';
  webgazer.setGazeListener(() => {
    tell(webgazer.getTracker().getPositions() === null ? null : 1);
  });
  await webgazer.begin();
}
