/** One camera, its permission and its light. */
import type { CameraEvent } from './generated/live.js';

export type CameraState = CameraEvent['state'];

/** The camera did not open; `message` is for the person in front of it. */
export class CameraError extends Error {
  constructor(
    readonly state: 'denied' | 'missing' | 'off',
    message: string
  ) {
    super(message);
    this.name = 'CameraError';
  }
}

export interface CameraOptions {
  onEvent(event: CameraEvent): void;
  /** Called whenever there is another stream, or none any more. */
  onStream?(stream: MediaStream | null): void;
  /** `navigator.mediaDevices`; undefined where the page is not served securely. */
  devices?: MediaDevices | undefined;
}

/** Asked for, not demanded: a camera that cannot do this still works. */
const WANTED: MediaStreamConstraints = {
  audio: false,
  video: {
    width: { ideal: 640 },
    height: { ideal: 480 },
    frameRate: { ideal: 15 },
    facingMode: { ideal: 'user' }
  }
};

/**
 * Opens and closes the camera and says what became of it.
 *
 * A camera that was pulled out and comes back is opened again by itself, since the
 * person's yes still stands; one that was closed here stays closed.
 */
export class Camera {
  constructor(options: CameraOptions) {
    this._options = options;
    this._devices = 'devices' in options ? options.devices : mediaDevices();
    this._devices?.addEventListener('devicechange', this._onDeviceChange);
  }

  get state(): CameraState {
    return this._state;
  }

  get stream(): MediaStream | null {
    return this._stream;
  }

  /**
   * Ask for the camera and return its stream.
   * @throws CameraError when it is refused or absent.
   */
  async open(): Promise<MediaStream> {
    if (this._stream !== null) {
      return this._stream;
    }
    const attempt = ++this._attempt;
    let stream: MediaStream;
    try {
      stream = await this._request();
    } catch (error) {
      const refused = explain(error);
      // A lost camera stays lost until it is back: every device change tries again.
      const stillAway = this._state === 'lost' && refused.state === 'missing';
      if (attempt === this._attempt && !stillAway) {
        this._enter({ name: 'camera', state: refused.state });
      }
      throw refused;
    }
    if (attempt !== this._attempt) {
      // Closed, or asked again, while the permission prompt was open: no light.
      release(stream);
      throw new CameraError('off', 'The camera was switched off again.');
    }
    this._adopt(stream);
    return stream;
  }

  /** Switch the camera and its light off, at once. */
  close(): void {
    this._attempt++;
    this._drop();
    this._enter({ name: 'camera', state: 'off' });
  }

  /** Close, and listen to nothing any more. */
  dispose(): void {
    this.close();
    this._devices?.removeEventListener('devicechange', this._onDeviceChange);
  }

  private _request(): Promise<MediaStream> {
    if (this._devices === undefined) {
      throw new CameraError(
        'missing',
        'This page may not use a camera: it was not opened over https.'
      );
    }
    return this._devices.getUserMedia(WANTED);
  }

  private _adopt(stream: MediaStream): void {
    this._stream = stream;
    const track = stream.getVideoTracks()[0];
    track?.addEventListener('ended', () => {
      // stop() fires no `ended`, so this is the device or the browser.
      if (this._stream === stream) {
        this._lose();
      }
    });
    const { width, height } = track?.getSettings() ?? {};
    const label = track?.label ?? '';
    this._enter({
      name: 'camera',
      state: 'on',
      ...(width !== undefined && { width_px: width }),
      ...(height !== undefined && { height_px: height }),
      ...(label !== '' && { virtual: isVirtual(label) })
    });
    this._options.onStream?.(stream);
  }

  private _lose(): void {
    this._drop();
    this._enter({ name: 'camera', state: 'lost' });
  }

  private _drop(): void {
    if (this._stream !== null) {
      release(this._stream);
      this._stream = null;
      this._options.onStream?.(null);
    }
  }

  private _enter(event: CameraEvent): void {
    if (event.state !== this._state || event.state === 'on') {
      this._state = event.state;
      this._options.onEvent(event);
    }
  }

  private readonly _onDeviceChange = (): void => {
    const track = this._stream?.getVideoTracks()[0];
    if (track?.readyState === 'ended') {
      this._lose();
    } else if (this._state === 'lost') {
      this.open().catch((_error: unknown) => {
        // open() has told what there is to tell.
      });
    }
  };

  private readonly _options: CameraOptions;
  private readonly _devices: MediaDevices | undefined;
  private _state: CameraState = 'off';
  private _stream: MediaStream | null = null;
  private _attempt = 0;
}

function mediaDevices(): MediaDevices | undefined {
  // Typed as always there, yet absent outside secure contexts.
  return (navigator as { mediaDevices?: MediaDevices }).mediaDevices;
}

/** Names of programs that give pages a camera of their own. */
const VIRTUAL_LABEL =
  /\b(?:virtual|obs\b|vcam|manycam|xsplit|splitcam|snap camera|camtwist|webcamoid|mmhmm|camo|droidcam|ivcam|iriun|epoccam|nvidia broadcast|sparkocam|youcam|v4l2|loopback|dummy video)/i;

/**
 * Whether a device's label is that of a known virtual camera. Information only: background
 * filters and phones used as cameras have such labels too.
 */
export function isVirtual(label: string): boolean {
  return VIRTUAL_LABEL.test(label);
}

function release(stream: MediaStream): void {
  for (const track of stream.getTracks()) {
    track.stop();
  }
}

function explain(error: unknown): CameraError {
  if (error instanceof CameraError) {
    return error;
  }
  switch (error instanceof Error ? error.name : '') {
    case 'NotAllowedError':
    case 'SecurityError':
      return new CameraError(
        'denied',
        'The browser was not allowed to use the camera. ' +
          'You can allow it by the camera sign in the address bar.'
      );
    case 'NotReadableError':
    case 'AbortError':
      return new CameraError(
        'missing',
        'The camera did not start. Perhaps another program is using it.'
      );
    default:
      return new CameraError('missing', 'No camera was found.');
  }
}
