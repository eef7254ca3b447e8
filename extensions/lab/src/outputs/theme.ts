/** How the page looks, as its frames are told. */

import type { Theme } from '@nbinterview/frame';

/** The names of the custom properties that the page's style sheets define. */
function propertyNames(sheets: Iterable<CSSStyleSheet>): string[] {
  const names = new Set<string>();
  for (const sheet of sheets) {
    for (const rule of rulesOf(sheet)) {
      if (rule instanceof CSSStyleRule && rule.selectorText.includes(':root')) {
        for (const name of rule.style) {
          if (name.startsWith('--jp-')) {
            names.add(name);
          }
        }
      }
    }
  }
  return [...names];
}

function rulesOf(sheet: CSSStyleSheet): Iterable<CSSRule> {
  try {
    return sheet.cssRules;
  } catch {
    return []; // of another origin, as a browser's own extension may bring
  }
}

/** The page's look now. */
export function themeOfPage(): Theme {
  const style = getComputedStyle(document.body);
  const variables: Theme['variables'] = {};
  for (const name of propertyNames(document.styleSheets)) {
    variables[name] = style.getPropertyValue(name);
  }
  return { dark: document.body.dataset['jpThemeLight'] === 'false', variables };
}
