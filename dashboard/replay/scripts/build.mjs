// Bundle the player for pages without a bundler: service/nbinterview/replay_static/
//   replay.js          ES module: mount(element, film, options)
//   replay-inline.js   starts by itself, for a page that carries its film along
//   replay-widget.js   the anywidget front end
//   replay.css         the style of all three
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const path = relative => fileURLToPath(new URL(relative, new URL('../', import.meta.url)));
const target = name => path(`../../service/nbinterview/replay_static/${name}`);

const common = {
  bundle: true,
  format: 'esm',
  target: 'es2022',
  minify: true,
  // The text of a page's script must not depend on how it is served.
  charset: 'ascii',
  legalComments: 'inline',
  logLevel: 'warning'
};

await Promise.all([
  build({ ...common, entryPoints: [path('src/index.ts')], outfile: target('replay.js') }),
  build({
    ...common,
    format: 'iife',
    entryPoints: [path('src/inline.ts')],
    outfile: target('replay-inline.js')
  }),
  build({
    ...common,
    entryPoints: [path('src/widget.ts')],
    outfile: target('replay-widget.js')
  }),
  build({ ...common, entryPoints: [path('style/replay.css')], outfile: target('replay.css') })
]);
