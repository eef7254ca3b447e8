import { provide } from '../renderer';
import { neededScripts, sanitiser } from '../sanitise';
import { asText, mayHaveMath } from '../text';

const sanitise = sanitiser(window);

provide('html', {
  async show({ data }, host, frame) {
    const html = asText(data);
    host.classList.add('jp-RenderedHTMLCommon', 'jp-RenderedHTML');
    host.append(sanitise(html));
    if (neededScripts(html, host)) {
      throw new Error(
        'This output needs to run scripts of its own, which outputs in a room cannot.'
      );
    }
    if (mayHaveMath(host.textContent)) {
      await frame.typeset(host);
    }
  }
});
