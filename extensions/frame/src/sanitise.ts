/** HTML without anything that acts: no scripts, no handlers, no addresses, no forms that send. */

import type { Config } from 'dompurify';
import createDOMPurify from 'dompurify';

const PICTURE = /^data:image\/(png|jpeg|gif|webp|svg\+xml)[;,]/i;
const MOVED_TO_TITLE = ['href', 'xlink:href'];

const CONFIG: Config & { RETURN_DOM_FRAGMENT: true } = {
  ADD_TAGS: ['style'],
  // A leading <style>, as pandas' Styler has, would else be lost.
  FORCE_BODY: true,
  FORBID_TAGS: ['audio', 'dialog', 'form', 'source', 'track', 'video'],
  FORBID_ATTR: [
    'accesskey',
    'action',
    'autofocus',
    'background',
    'download',
    'formaction',
    'ping',
    'poster',
    'srcset',
    'target'
  ],
  RETURN_DOM_FRAGMENT: true
};

/** Makes a function from a window, so that a test can bring its own. */
export function sanitiser(window: Window & typeof globalThis): (html: string) => Node {
  const purifier = createDOMPurify(window);
  purifier.addHook('uponSanitizeElement', node => {
    escapeTagsInStyle(node, window.document);
  });
  purifier.addHook('afterSanitizeAttributes', keepNoAddress);
  return html => purifier.sanitize(html, CONFIG);
}

/**
 * DOMPurify drops a `<style>` whose text looks like a tag anywhere, as scikit-learn's has
 * in a comment. The same in CSS is an escape, which no parser of HTML takes for a tag.
 */
function escapeTagsInStyle(node: Node, document: Document): void {
  if (node.nodeName.toLowerCase() === 'style') {
    const css = (node.textContent ?? '').replace(/<(?=[/\w!])/g, '\\3c ');
    (node as Element).replaceChildren(document.createTextNode(css));
  }
}

/** A frame leads nowhere: a link's address becomes its title. */
function keepNoAddress(element: Element): void {
  for (const name of MOVED_TO_TITLE) {
    const address = element.getAttribute(name);
    if (address === null || address.startsWith('#')) {
      continue;
    }
    element.removeAttribute(name);
    if (element.localName === 'a') {
      element.classList.add('address');
      if (!element.hasAttribute('title')) {
        element.setAttribute('title', address);
      }
    } else if (element.localName === 'image' && PICTURE.test(address)) {
      element.setAttribute(name, address);
    }
  }
  const source = element.getAttribute('src');
  if (source !== null && !(element.localName === 'img' && PICTURE.test(source))) {
    element.removeAttribute('src');
  }
}

const SCRIPTED = /<(script|iframe|object|embed)\b/i;

/** Whether HTML that shows nothing was meant to show something by running it. */
export function neededScripts(html: string, shown: ParentNode & Node): boolean {
  const isEmpty =
    (shown.textContent ?? '').trim() === '' &&
    shown.querySelector('img, svg, canvas, progress, input, hr') === null;
  return isEmpty && SCRIPTED.test(html);
}
