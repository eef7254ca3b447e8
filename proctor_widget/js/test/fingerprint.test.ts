import { describe, expect, it } from 'vitest';
import { fingerprint } from '../src/fingerprint.js';

describe('fingerprint', () => {
  it('is the same whatever the line ends and the space around', () => {
    expect(fingerprint('a = 1\r\nb = 2\r\n')).toBe(fingerprint('a = 1\nb = 2'));
  });

  it('tells texts apart, also of one length', () => {
    const texts = ['', 'a', 'b', 'ab', 'ba', 'import numpy', 'import pandas', 'x = 1'];
    expect(new Set(texts.map(fingerprint)).size).toBe(texts.length);
    const numbers = Array.from({ length: 20000 }, (_, i) =>
      fingerprint(`x = ${10000 + i}`)
    );
    expect(new Set(numbers).size).toBe(numbers.length);
  });

  it('does not hold the text', () => {
    expect(fingerprint('secret')).not.toContain('secret');
    expect(fingerprint('x'.repeat(1e5)).length).toBeLessThan(30);
  });
});
