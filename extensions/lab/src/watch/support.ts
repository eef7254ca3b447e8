/** Whether this browser can do what an interview needs. */

/** What is missing for the camera, in the order in which it is looked for. */
export type CameraGap = 'none' | 'no-camera-access' | 'no-worker' | 'no-webgl';

/** Look for what measuring by camera needs. */
export function cameraGap(page: Window & typeof globalThis): CameraGap {
  const devices = page.navigator.mediaDevices as MediaDevices | undefined;
  if (typeof devices?.getUserMedia !== 'function') {
    return 'no-camera-access';
  }
  if (!('Worker' in page) || !('createImageBitmap' in page)) {
    return 'no-worker';
  }
  return hasWebGL(page.document) ? 'none' : 'no-webgl';
}

/** Whether this is a phone: a finger instead of a pointer, and hardly any width. */
export function isPhone(page: Window): boolean {
  const shortSide = Math.min(page.screen.width, page.screen.height);
  return page.matchMedia('(pointer: coarse)').matches && shortSide < 600;
}

function hasWebGL(page: Document): boolean {
  const canvas = page.createElement('canvas');
  const context = canvas.getContext('webgl2');
  context?.getExtension('WEBGL_lose_context')?.loseContext();
  return context !== null;
}
