/** How many cameras there are: information for a reader, of which no rule makes anything. */
import type { DeviceEvent } from './generated/live.js';

export interface DeviceOptions {
  onEvent(event: DeviceEvent): void;
  /** `navigator.mediaDevices`; undefined where the page is not served securely. */
  devices?: MediaDevices | undefined;
}

const MOST = 99;

/** Tells the number of cameras at the start and whenever it changed. */
export class DeviceTracker {
  constructor(options: DeviceOptions) {
    this._options = options;
    this._devices =
      'devices' in options
        ? options.devices
        : (navigator as { mediaDevices?: MediaDevices }).mediaDevices;
  }

  start(): void {
    if (!this._isRunning) {
      this._isRunning = true;
      this._told = null;
      this._devices?.addEventListener('devicechange', this._tell);
      this._tell();
    }
  }

  stop(): void {
    this._isRunning = false;
    this._devices?.removeEventListener('devicechange', this._tell);
  }

  private readonly _tell = (): void => {
    this._devices
      ?.enumerateDevices()
      .then(all => {
        const found = all.filter(({ kind }) => kind === 'videoinput').length;
        const cameras = Math.min(MOST, found);
        if (this._isRunning && cameras !== this._told) {
          this._told = cameras;
          this._options.onEvent({ name: 'device', cameras });
        }
      })
      .catch((_error: unknown) => undefined); // a browser that will not say
  };

  private readonly _options: DeviceOptions;
  private readonly _devices: MediaDevices | undefined;
  private _isRunning = false;
  private _told: number | null = null;
}
