import '@jupyterlab/mathjax-extension/style/base.css';

import { createTypesetter } from '../math';
import { provide } from '../renderer';
import { asText } from '../text';

const typeset = createTypesetter();

provide('latex', {
  show({ data }, host) {
    host.classList.add('jp-RenderedLatex');
    host.textContent = asText(data);
    typeset(host);
  },
  typeset
});
