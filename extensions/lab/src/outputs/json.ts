/** Values that came from elsewhere. */

import type { JsonObject } from '@nbinterview/frame';

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
