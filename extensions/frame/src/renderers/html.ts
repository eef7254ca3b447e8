import type { Theme } from '../protocol';
import { provide } from '../renderer';
import { neededScripts, sanitiser } from '../sanitise';
import { asText, mayHaveMath } from '../text';

const sanitise = sanitiser(window);

/** scikit-learn's diagrams have a script ask how the page looks; here the frame says it. */
function colourDiagrams({ dark }: Theme): void {
  for (const { classList } of document.querySelectorAll('.sk-global')) {
    classList.toggle('dark', dark);
    classList.toggle('light', !dark);
  }
}

provide('html', {
  async show({ data }, host, frame) {
    const html = asText(data);
    host.classList.add('jp-RenderedHTMLCommon', 'jp-RenderedHTML');
    host.append(sanitise(html));
    colourDiagrams(frame.theme);
    if (neededScripts(html, host)) {
      throw new Error(
        'This output needs to run scripts of its own, which outputs in a room cannot.'
      );
    }
    if (mayHaveMath(host.textContent)) {
      await frame.typeset(host);
    }
  },
  themeChanged: colourDiagrams
});
