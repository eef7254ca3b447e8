// @vitest-environment jsdom
import { describe, expect, it } from 'vitest';

import { fingerprint } from '../src/outputs/fingerprint';
import { tamed } from '../src/outputs/tame';

describe('what is left of sanitised Markdown', () => {
  it.each([
    '<p>text with <em>stress</em></p>',
    '<pre><code class="language-python"><span class="ͼp">def</span></code></pre>',
    '<div class="alert alert-info">note</div>',
    '<pre><span class="ansi-red-fg ansi-bold">Error</span></pre>',
    '<img src="attachment:a.png" alt="a">',
    '<img src="data:image/png;base64,AAAA">',
    '<a href="https://a.test/">out</a><a href="#Part-2">part</a>',
    '<p style="color:red">red</p>'
  ])('stays: %s', html => {
    expect(tamed(html)).toBe(html);
  });

  it.each([
    ['<div class="jp-Dialog alert">x</div>', '<div class="alert">x</div>'],
    ['<img src="/user/room-x/logout">', '<img>'],
    ['<img src="https://a.test/x.png">', '<img>'],
    ['<a href="files/x">x</a>', '<a>x</a>'],
    ['<p style="background-image:url(/x)">x</p>', '<p>x</p>'],
    ['<form method="post"><button>b</button></form>', '<button>b</button>'],
    ['<button data-commandlinker-command="a:b">b</button>', '<button>b</button>'],
    ['<video src="/x"></video>', '']
  ])('goes: %s', (html, left) => {
    expect(tamed(html)).toBe(left);
  });
});

describe('a fingerprint', () => {
  it('tells texts apart', () => {
    expect(fingerprint('a')).toBe(fingerprint('a'));
    expect(fingerprint('a')).not.toBe(fingerprint('b'));
  });
});
