/**
 * Formulas, by MathJax as JupyterLab has it, without what leads out of a formula.
 *
 * For frames and, from the lab extension, for Markdown cells.
 */

import { mathjax } from 'mathjax-full/js/mathjax';
import { CHTML } from 'mathjax-full/js/output/chtml';
import { TeXFont } from 'mathjax-full/js/output/chtml/fonts/tex';
import { TeX } from 'mathjax-full/js/input/tex';
import { AllPackages } from 'mathjax-full/js/input/tex/AllPackages';
import { SafeHandler } from 'mathjax-full/js/ui/safe/SafeHandler';
import { HTMLHandler } from 'mathjax-full/js/handlers/html/HTMLHandler';
import { browserAdaptor } from 'mathjax-full/js/adaptors/browserAdaptor';
import { AssistiveMmlHandler } from 'mathjax-full/js/a11y/assistive-mml';

/**
 * Not loaded. `html` makes links, classes, ids and styles; `action` reacts to clicks;
 * `unicode` takes any text as the name of a font; `setoptions` changes the others' options.
 */
export const LEFT_OUT: readonly string[] = ['html', 'action', 'unicode', 'setoptions'];

/** What of a page's text is a formula, as JupyterLab has it. */
const DELIMITERS = {
  inlineMath: [
    ['$', '$'],
    ['\\(', '\\)']
  ],
  displayMath: [
    ['$$', '$$'],
    ['\\[', '\\]']
  ],
  processEscapes: true,
  processEnvironments: true
};

/** The page's style has the fonts; MathJax would ask for them by address. */
const FontsOfStyle = Object.assign(class extends TeXFont {}, { defaultFonts: {} });

/** Typesets what is below an element. */
export type Typeset = (element: HTMLElement) => void;

/** Make a typesetter for this document. */
export function createTypesetter(): Typeset {
  const handler = new HTMLHandler(browserAdaptor());
  mathjax.handlers.register(AssistiveMmlHandler(SafeHandler(handler)));
  const packages = AllPackages.filter(name => !LEFT_OUT.includes(name));
  const math = mathjax.document(document, {
    InputJax: new TeX({ packages, ...DELIMITERS }),
    OutputJax: new CHTML({ font: new FontsOfStyle() })
  });
  return element => {
    math.options.elements = [element];
    math.clear().render();
    delete math.options.elements;
  };
}
