import { pythonLanguage } from '@codemirror/lang-python';
import { StandardSQL } from '@codemirror/lang-sql';
import { jupyterHighlightStyle } from '@jupyterlab/codemirror/lib/theme';
import { removeMath, replaceMath } from '@jupyterlab/rendermime/lib/latex';
import type { Parser } from '@lezer/common';
import { highlightCode } from '@lezer/highlight';
import type { Tokens } from 'marked';
import { Marked } from 'marked';
import { gfmHeadingId } from 'marked-gfm-heading-id';
import { mangle } from 'marked-mangle';
import { StyleModule } from 'style-mod';

import { provide } from '../renderer';
import { sanitiser } from '../sanitise';
import { asText, mayHaveMath } from '../text';

const PARSERS: Readonly<Record<string, Parser>> = {
  python: pythonLanguage.parser,
  py: pythonLanguage.parser,
  ipython: pythonLanguage.parser,
  ipython3: pythonLanguage.parser,
  sql: StandardSQL.language.parser
};

/** Code in a language that is known, highlighted; `false` leaves it to marked. */
function code({ text, lang }: Tokens.Code): string | false {
  const name = (lang ?? '').toLowerCase();
  const parser = Object.hasOwn(PARSERS, name) ? PARSERS[name] : undefined;
  return parser === undefined
    ? false
    : `<pre><code class="language-${name}">${highlighted(text, parser)}</code></pre>`;
}

function highlighted(code: string, parser: Parser): string {
  const host = document.createElement('div');
  highlightCode(
    code,
    parser.parse(code),
    jupyterHighlightStyle,
    (text, classes) => {
      if (classes === '') {
        host.append(text);
      } else {
        const span = document.createElement('span');
        span.className = classes;
        span.textContent = text;
        host.append(span);
      }
    },
    () => {
      host.append('\n');
    }
  );
  return host.innerHTML;
}

const sanitise = sanitiser(window);
const marked = new Marked(gfmHeadingId(), mangle(), {
  gfm: true,
  renderer: { code }
});

provide('markdown', {
  async show({ data }, host, frame) {
    if (jupyterHighlightStyle.module !== null) {
      StyleModule.mount(document, jupyterHighlightStyle.module);
    }
    const { text, math } = removeMath(asText(data));
    const html = replaceMath(await marked.parse(text), math);
    host.classList.add('jp-RenderedHTMLCommon', 'jp-RenderedMarkdown');
    host.append(sanitise(html));
    if (mayHaveMath(host.textContent)) {
      await frame.typeset(host);
    }
  }
});
