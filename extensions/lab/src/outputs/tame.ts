/** The second half of the sanitiser: what of sanitised HTML acts on the page. */

/** Classes that only colour; the others are the page's own, which a cell could imitate. */
const CLASSES =
  /^(language-[\w+-]+|alert(-\w+)?|ansi-[\w-]+|[ͼ]\w+|cm-[\w-]+|tok-[\w-]+)$/u;
/** Pictures that come with the notebook; anything else would be asked for somewhere. */
const PICTURE = /^(attachment:|data:image\/(png|jpeg|gif|webp|svg\+xml)[;,])/i;
const LINK = /^(https?:\/\/|mailto:|#)/i;
const PLAIN_FORM = 'form, audio, video, source, track, command, menu';

/** Sanitised HTML without what acts on the page or asks its server for something. */
export function tamed(html: string): string {
  if (!html.includes('<')) {
    return html;
  }
  const { body } = new DOMParser().parseFromString(html, 'text/html');
  for (const element of body.querySelectorAll(PLAIN_FORM)) {
    element.replaceWith(...element.childNodes);
  }
  for (const element of body.querySelectorAll('*')) {
    tame(element);
  }
  return body.innerHTML;
}

function tame(element: Element): void {
  const kept = [...element.classList].filter(name => CLASSES.test(name));
  if (element.hasAttribute('class')) {
    element.setAttribute('class', kept.join(' '));
  }
  for (const { name, value } of [...element.attributes]) {
    const isRefused =
      (name === 'src' && !(element.localName === 'img' && PICTURE.test(value))) ||
      (name === 'href' && !LINK.test(value)) ||
      (name === 'style' && /url\s*\(|\\/i.test(value)) ||
      name === 'accesskey' ||
      name.startsWith('data-commandlinker');
    if (isRefused) {
      element.removeAttribute(name);
    }
  }
}
