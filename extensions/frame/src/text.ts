/** What a MIME bundle's value says as text: nbformat has it as one string or as lines. */

import type { Json } from './protocol';

/** Text, from a string or a list of lines. */
export function asText(data: Json): string {
  if (Array.isArray(data)) {
    return data.map(line => (typeof line === 'string' ? line : '')).join('');
  }
  return typeof data === 'string' ? data : '';
}

/** Whether a text could hold formulas. */
export function mayHaveMath(text: string): boolean {
  return /\$|\\\(|\\\[|\\begin\{/.test(text);
}
