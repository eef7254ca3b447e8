/**
 * Elements made one by one. Nothing here takes HTML, and style is set through the object
 * model only, so the strictest content security policy has nothing to refuse.
 */

type Attributes = Readonly<Record<string, string | number | boolean>>;

export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (className !== '') {
    element.className = className;
  }
  for (const [name, value] of Object.entries(attributes)) {
    setAttribute(element, name, value);
  }
  element.append(...children);
  return element;
}

/** Set, or take away when the value is false; leave alone what is so already. */
export function setAttribute(
  element: Element,
  name: string,
  value: string | number | boolean
): void {
  if (value === false) {
    element.removeAttribute(name);
  } else if (element.getAttribute(name) !== String(value)) {
    element.setAttribute(name, value === true ? '' : String(value));
  }
}

export function setText(element: Element, text: string): void {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

/** A picture of one path in a square of 16. */
export function icon(path: string): SVGSVGElement {
  const picture = svg('svg', { viewBox: '0 0 16 16', 'aria-hidden': 'true' });
  picture.classList.add('nbr-icon');
  picture.append(svg('path', { d: path }));
  return picture;
}

export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes
): SVGElementTagNameMap[K] {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) {
    element.setAttribute(name, String(value));
  }
  return element;
}

export function button(
  className: string,
  label: string,
  act: () => void,
  ...content: (Node | string)[]
): HTMLButtonElement {
  const element = make(
    'button',
    className,
    { type: 'button', 'aria-label': label, title: label },
    ...content
  );
  element.addEventListener('click', act);
  return element;
}

/** Only what can be nothing but a colour: it ends in a style sheet. */
const COLOR = /^#[0-9a-f]{3,8}$|^[a-z]{3,30}$/i;

export function setColor(element: HTMLElement, color: string | undefined): void {
  if (color !== undefined && COLOR.test(color)) {
    element.style.setProperty('--nbr-author', color);
  } else {
    element.style.removeProperty('--nbr-author');
  }
}
