import { describe, expect, it } from 'vitest';

import { rendererFor } from '../src/routes';
import { asText, mayHaveMath } from '../src/text';

describe('which renderer', () => {
  it('is chosen by MIME type alone', () => {
    expect(rendererFor('text/html')).toBe('html');
    expect(rendererFor('application/vnd.vegalite.v6+json')).toBe('vega');
    expect(rendererFor('application/vnd.vega.v5+json')).toBe('vega');
    expect(rendererFor('application/vnd.jupyter.widget-view+json')).toBe('widgets');
  });

  it.each([
    'application/javascript',
    'text/javascript',
    'constructor',
    'image/png',
    ''
  ])('is none for %s', mime => {
    expect(rendererFor(mime)).toBeNull();
  });
});

describe('text of a bundle', () => {
  it('is a string or lines', () => {
    expect(asText('a')).toBe('a');
    expect(asText(['a\n', 'b', 3])).toBe('a\nb');
    expect(asText({ toString: 'x' })).toBe('');
  });

  it('may have formulas', () => {
    expect(mayHaveMath('costs 3')).toBe(false);
    expect(mayHaveMath('$x$')).toBe(true);
    expect(mayHaveMath('\\begin{align}')).toBe(true);
  });
});
