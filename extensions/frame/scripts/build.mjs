// Bundle the frame, a page of its own, into extensions/nbinterview_server/static/frame/.
// Classic scripts: the frame has an opaque origin, from which modules would need CORS.
// Fonts and pictures are in the bundles, as the frame may load nothing but scripts and style.
import { existsSync } from 'node:fs';
import { copyFile, mkdir, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = relative =>
  fileURLToPath(new URL(relative, new URL('../', import.meta.url)));
const target = here('../nbinterview_server/static/frame');

const RENDERERS = {
  html: 'src/renderers/html.ts',
  markdown: 'src/renderers/markdown.ts',
  latex: 'src/renderers/latex.ts',
  svg: 'src/renderers/svg.ts',
  json: 'src/renderers/json.tsx',
  plotly: 'src/renderers/plotly.ts',
  vega: 'src/renderers/vega.ts',
  widgets: 'src/widgets/index.ts'
};

// Style sheets of JupyterLab name packages in the way of webpack.
const tilde = {
  name: 'tilde',
  setup({ onResolve, resolve }) {
    onResolve({ filter: /^~/ }, ({ path, kind, resolveDir }) =>
      resolve(path.slice(1), { kind, resolveDir })
    );
  }
};

await rm(target, { recursive: true, force: true });
await mkdir(target, { recursive: true });
await build({
  bundle: true,
  format: 'iife',
  target: 'es2022',
  minify: true,
  legalComments: 'inline',
  logLevel: 'warning',
  jsx: 'transform',
  plugins: [tilde],
  define: { 'process.env.NODE_ENV': '"production"', global: 'globalThis' },
  loader: {
    '.woff': 'dataurl',
    '.woff2': 'dataurl',
    '.ttf': 'empty',
    '.eot': 'empty',
    '.svg': 'dataurl',
    '.png': 'dataurl',
    '.gif': 'dataurl'
  },
  entryPoints: Object.fromEntries([
    ['frame', here('src/frame.ts')],
    ['frame-style', here('style/frame.css')],
    ...Object.entries(RENDERERS)
      .map(([name, source]) => [name, here(source)])
      .filter(([, source]) => existsSync(source))
  ]),
  outdir: target
});
await copyFile(here('src/index.html'), `${target}/index.html`);
