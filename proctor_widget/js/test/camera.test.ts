import { beforeEach, describe, expect, it } from 'vitest';
import { Camera, CameraError } from '../src/camera.js';
import type { CameraEvent } from '../src/generated/live.js';

/** The browser's side: what the camera under test is given to work with. */
class FakeTrack extends EventTarget {
  readyState: 'live' | 'ended' = 'live';
  getSettings(): MediaTrackSettings {
    return { width: 640, height: 480 };
  }
  stop(): void {
    this.readyState = 'ended'; // and, as in browsers, no `ended` event
  }
  pull(): void {
    this.readyState = 'ended';
    this.dispatchEvent(new Event('ended'));
  }
}

class FakeDevices extends EventTarget {
  tracks: FakeTrack[] = [];
  refusal: DOMException | null = null;
  gate: Promise<void> = Promise.resolve();
  async getUserMedia(): Promise<MediaStream> {
    await this.gate;
    if (this.refusal !== null) {
      throw this.refusal;
    }
    const track = new FakeTrack();
    this.tracks.push(track);
    return {
      getTracks: () => [track],
      getVideoTracks: () => [track]
    } as unknown as MediaStream;
  }
  get lit(): number {
    return this.tracks.filter(track => track.readyState === 'live').length;
  }
}

let devices: FakeDevices;
let events: CameraEvent[];
let camera: Camera;
const states = (): string[] => events.map(event => event.state);
const settle = (): Promise<void> => new Promise(resolve => setTimeout(resolve));

beforeEach(() => {
  devices = new FakeDevices();
  events = [];
  camera = new Camera({
    devices: devices as unknown as MediaDevices,
    onEvent: event => events.push(event)
  });
});

describe('Camera', () => {
  it('opens, tells its size, and closes with its light', async () => {
    await camera.open();
    expect(events).toEqual([
      { name: 'camera', state: 'on', width_px: 640, height_px: 480 }
    ]);
    camera.close();
    expect(devices.lit).toBe(0);
    expect(states()).toEqual(['on', 'off']);
  });

  it('does not open twice', async () => {
    const [first, second] = [await camera.open(), await camera.open()];
    expect(second).toBe(first);
    expect(devices.tracks).toHaveLength(1);
  });

  it.each([
    ['NotAllowedError', 'denied'],
    ['SecurityError', 'denied'],
    ['NotFoundError', 'missing'],
    ['OverconstrainedError', 'missing'],
    ['NotReadableError', 'missing']
  ])('%s means %s', async (name, state) => {
    devices.refusal = new DOMException('no', name);
    await expect(camera.open()).rejects.toMatchObject({ name: 'CameraError', state });
    expect(states()).toEqual([state]);
    expect(camera.stream).toBeNull();
  });

  it('may be asked again after a refusal', async () => {
    devices.refusal = new DOMException('no', 'NotAllowedError');
    await expect(camera.open()).rejects.toBeInstanceOf(CameraError);
    devices.refusal = null;
    await camera.open();
    expect(states()).toEqual(['denied', 'on']);
  });

  it('says missing where the page may not use devices at all', async () => {
    camera = new Camera({ devices: undefined, onEvent: event => events.push(event) });
    await expect(camera.open()).rejects.toThrow(/https/);
    expect(states()).toEqual(['missing']);
  });

  it('puts out the light when closed while the prompt was open', async () => {
    let answer = (): void => undefined;
    devices.gate = new Promise(resolve => (answer = resolve));
    const opening = camera.open();
    camera.close();
    answer();
    await expect(opening).rejects.toMatchObject({ state: 'off' });
    expect(devices.lit).toBe(0);
    expect(states()).toEqual([]);
  });

  it('notices a pulled camera and takes it back when it returns', async () => {
    await camera.open();
    devices.refusal = new DOMException('gone', 'NotFoundError');
    devices.tracks[0]?.pull();
    expect(states()).toEqual(['on', 'lost']);
    devices.dispatchEvent(new Event('devicechange'));
    await settle();
    expect(camera.state).toBe('lost');
    devices.refusal = null;
    devices.dispatchEvent(new Event('devicechange'));
    await settle();
    expect(states()).toEqual(['on', 'lost', 'on']);
  });

  it('notices by devicechange when the track says nothing', async () => {
    await camera.open();
    const track = devices.tracks[0];
    track?.stop();
    devices.dispatchEvent(new Event('devicechange'));
    expect(states()).toEqual(['on', 'lost']);
  });

  it('stays closed when a device comes', async () => {
    await camera.open();
    camera.close();
    devices.dispatchEvent(new Event('devicechange'));
    await settle();
    expect(devices.lit).toBe(0);
    expect(states()).toEqual(['on', 'off']);
  });

  it('hears nothing any more when disposed', async () => {
    await camera.open();
    devices.tracks[0]?.pull();
    camera.dispose();
    devices.dispatchEvent(new Event('devicechange'));
    await settle();
    expect(devices.lit).toBe(0);
  });
});
