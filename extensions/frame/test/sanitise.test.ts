import { JSDOM } from 'jsdom';
import { describe, expect, it } from 'vitest';

import { neededScripts, sanitiser } from '../src/sanitise';

const { window } = new JSDOM('');
const sanitise = sanitiser(window as unknown as Window & typeof globalThis);

function cleaned(html: string): string {
  const host = window.document.createElement('div');
  host.append(sanitise(html));
  return host.innerHTML;
}

describe('what stays', () => {
  it.each([
    '<table class="dataframe"><tbody><tr><td>1</td></tr></tbody></table>',
    '<style type="text/css">#T_1_row0 { color: red; }</style><table id="T_1"></table>',
    '<details><summary>More</summary><p style="color: red">text</p></details>',
    '<img src="data:image/png;base64,AAAA" alt="a picture">',
    '<input type="checkbox" id="sk-1"><label for="sk-1">model</label>',
    '<a href="#part">part</a>',
    '<progress value="3" max="5"></progress>',
    '<svg viewBox="0 0 1 1"><rect width="1" height="1"></rect></svg>'
  ])('%s', html => {
    expect(cleaned(html)).toBe(html);
  });
});

describe('what goes', () => {
  it.each([
    '<script>x()</script>',
    '<img src="https://a.test/x.png">',
    '<img src=x onerror=x()>',
    '<b onclick="x()">b</b>',
    '<iframe src="https://a.test"></iframe>',
    '<iframe srcdoc="&lt;script&gt;x()&lt;/script&gt;"></iframe>',
    '<object data="x"></object><embed src="x">',
    '<form action="https://a.test"><button formaction="x">b</button></form>',
    '<meta http-equiv="refresh" content="0;url=https://a.test">',
    '<base href="https://a.test">',
    '<link rel="stylesheet" href="https://a.test/x.css">',
    '<svg><script>x()</script></svg>',
    '<svg><use href="https://a.test/x.svg#a"></use></svg>',
    '<svg><a xlink:href="javascript:x()"><text>t</text></a></svg>',
    '<math><mi xlink:href="javascript:x()">m</mi></math>',
    '<video src="https://a.test/x.mp4" poster="https://a.test/p.png"></video>',
    '<img srcset="https://a.test/x.png 2x">',
    '<input autofocus onfocus="x()">'
  ])('%s', html => {
    expect(cleaned(html)).not.toMatch(
      /script|\bon\w+=|(src|href|action|poster|srcset)="(?!#)|<(iframe|object|embed|form|meta|base|link|video)/
    );
  });

  it('tells the address of a link, but leads nowhere', () => {
    const html = cleaned('<a href="https://a.test/" target="_top">a</a>');
    expect(html).toBe('<a class="address" title="https://a.test/">a</a>');
  });

  it('keeps a style sheet that names a tag, and no tag in it', () => {
    const html = cleaned('<style>/* for <a> */ p::after { content: "</b>" }</style>');
    expect(html).toBe(
      '<style>/* for \\3c a> */ p::after { content: "\\3c /b>" }</style>'
    );
    const nested = cleaned('<svg><style><img src=x onerror=x()>p {}</style></svg>');
    expect(nested).not.toMatch(/onerror|src=/);
  });

  it('keeps no name that stands for a part of the document', () => {
    expect(cleaned('<img name="body"><a id="head"></a>')).not.toMatch(/body|head/);
  });
});

describe('outputs that were meant to run', () => {
  const shown = (html: string): boolean => {
    const host = window.document.createElement('div');
    host.append(sanitise(html));
    return neededScripts(html, host);
  };

  it('are told from those that show something', () => {
    expect(shown('<div id="plot"></div><script>draw()</script>')).toBe(true);
    expect(shown('<iframe src="https://a.test"></iframe>')).toBe(true);
    expect(shown('<p>text</p><script>more()</script>')).toBe(false);
    expect(shown('<div></div>')).toBe(false);
  });
});
