/** The state of one widget, gathered from what the kernel says of it. */

import type { CommMessage, Json, JsonObject } from '@nbinterview/frame';

export const TARGET = 'jupyter.widget';
const PREFIX = 'IPY_MODEL_';

/** Where in a state a buffer belongs. */
export type Path = (string | number)[];

/** What the kernel said of one widget so far. */
export class Model {
  constructor(state: JsonObject, paths: Path[], buffers: ArrayBuffer[]) {
    this.update(state, paths, buffers);
  }

  /** Take a change of state. */
  update(state: JsonObject, paths: Path[], buffers: ArrayBuffer[]): void {
    const changed = new Set([...Object.keys(state), ...paths.map(path => path[0])]);
    this._attached = this._attached.filter(({ path }) => !changed.has(path[0]));
    paths.forEach((path, at) => {
      const buffer = buffers.at(at);
      if (buffer !== undefined) {
        this._attached.push({ path, buffer });
      }
    });
    this._state = { ...this._state, ...state };
  }

  /** As the kernel opens it. */
  opened(id: string): CommMessage {
    return {
      msg_type: 'comm_open',
      content: {
        comm_id: id,
        target_name: TARGET,
        data: {
          state: this._state,
          buffer_paths: this._attached.map(({ path }) => path)
        }
      },
      metadata: {},
      // Handed over to a frame, each gets its own.
      buffers: this._attached.map(({ buffer }) => buffer.slice(0))
    };
  }

  /** The models that this one names. */
  named(): string[] {
    return namedIn(this._state);
  }

  private _state: JsonObject = {};
  private _attached: { path: Path; buffer: ArrayBuffer }[] = [];
}

/** The models that a state names. */
export function namedIn(state: Json): string[] {
  const found: string[] = [];
  const look = [state];
  while (look.length > 0) {
    const value = look.pop();
    if (typeof value === 'string' && value.startsWith(PREFIX)) {
      found.push(value.slice(PREFIX.length));
    } else if (typeof value === 'object' && value !== null) {
      look.push(...Object.values(value));
    }
  }
  return found;
}

/** The paths of the buffers of a message. */
export function pathsOf(data: JsonObject): Path[] {
  const found = data['buffer_paths'];
  return Array.isArray(found)
    ? found.filter((path): path is Path => Array.isArray(path))
    : [];
}
