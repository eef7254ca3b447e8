/** What a run brought: text, folded when long, and pictures in the size they have. */
import type { Film, FilmOutput } from '../generated/film.js';
import { button, make } from './dom.js';

const FOLDED_LINES = 24;
const FOLDED_CHARACTERS = 4000;
/** Whatever follows, a browser makes nothing else than a picture of it. */
const PICTURE = /^data:image\/(?:png|jpeg);base64,/;
/** Pictures of cells that nobody has come near. */
const waiting = new WeakMap<Element, string>();

export function outputView(
  output: FilmOutput,
  images: Film['images'],
  name: string
): HTMLElement {
  const element = make('div', 'nbr-output', { 'data-kind': output.kind });
  if (output.kind === 'image') {
    element.append(
      picture(Object.hasOwn(images, output.image) ? images[output.image] : '', name)
    );
  } else if (output.text !== '') {
    element.append(...text(output.text));
  }
  if (output.note !== '') {
    element.append(make('p', 'nbr-note', {}, output.note));
  }
  return element;
}

function text(whole: string): HTMLElement[] {
  const short = folded(whole);
  const content = make('pre', 'nbr-output-text', {}, short);
  if (short === whole) {
    return [content];
  }
  const lines = whole.split('\n').length;
  const more = `Show all ${lines} lines`;
  const less = 'Show less';
  const toggle = button('nbr-fold', more, () => {
    const open = toggle.getAttribute('aria-expanded') !== 'true';
    toggle.setAttribute('aria-expanded', String(open));
    content.textContent = open ? whole : short;
    toggle.textContent = open ? less : more;
    toggle.title = toggle.textContent;
    toggle.setAttribute('aria-label', toggle.textContent);
  });
  toggle.textContent = more;
  toggle.setAttribute('aria-expanded', 'false');
  return [content, toggle];
}

function folded(whole: string): string {
  let end = -1;
  for (let line = 0; line < FOLDED_LINES; line += 1) {
    end = whole.indexOf('\n', end + 1);
    if (end === -1) {
      return whole.slice(0, FOLDED_CHARACTERS);
    }
  }
  return whole.slice(0, Math.min(end, FOLDED_CHARACTERS));
}

function picture(url: string | undefined, name: string): HTMLElement {
  if (url === undefined || !PICTURE.test(url)) {
    return make('p', 'nbr-note', {}, 'A picture that cannot be shown');
  }
  const image = make('img', 'nbr-picture', { alt: name, decoding: 'async' });
  const size = pictureSize(url);
  if (size !== null) {
    // Known before it is decoded, so that nothing moves when it appears.
    image.width = size.width_px;
    image.height = size.height_px;
  }
  waiting.set(image, url);
  return image;
}

/** Load the pictures in here: what is far from view costs nothing until then. */
export function loadPictures(outputs: Element): void {
  for (const image of outputs.querySelectorAll<HTMLImageElement>('img:not([src])')) {
    image.src = waiting.get(image) ?? '';
  }
}

/** Width and height from the first bytes of a PNG; null for others. */
export function pictureSize(
  url: string
): { width_px: number; height_px: number } | null {
  const PREFIX = 'data:image/png;base64,';
  if (!url.startsWith(PREFIX)) {
    return null;
  }
  const bytes = atob(url.slice(PREFIX.length, PREFIX.length + 32));
  const number = (at: number): number =>
    [0, 1, 2, 3].reduce((sum, i) => sum * 256 + bytes.charCodeAt(at + i), 0);
  return bytes.length >= 24 && bytes.startsWith('\x89PNG')
    ? { width_px: number(16), height_px: number(20) }
    : null;
}
