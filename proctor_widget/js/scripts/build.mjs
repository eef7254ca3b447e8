// Bundle what browsers load, and lay it where the two Python packages serve it from:
//   extensions/nbinterview_server/static/       workers, WASM, model (one origin, no CDN)
//   proctor_widget/nbinterview_proctor/static/  the anywidget front end
import { existsSync } from 'node:fs';
import { copyFile, mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = new URL('../../../', import.meta.url);
const path = relative => fileURLToPath(new URL(relative, root));
const server = 'extensions/nbinterview_server/static';
const widget = 'proctor_widget/nbinterview_proctor/static';

const common = {
  bundle: true,
  format: 'esm',
  target: 'es2022',
  minify: true,
  legalComments: 'inline',
  logLevel: 'warning'
};

await Promise.all([
  build({
    ...common,
    entryPoints: [path('proctor_widget/js/src/worker.ts')],
    outfile: path(`${server}/worker.js`)
  }),
  build({
    ...common,
    entryPoints: [path('proctor_widget/js/src/heartbeat.worker.ts')],
    outfile: path(`${server}/heartbeat.js`)
  }),
  build({
    ...common,
    entryPoints: [path('proctor_widget/js/src/widget.ts')],
    outfile: path(`${widget}/widget.js`)
  })
]);

await mkdir(path(server), { recursive: true });
const { resolve } = createRequire(import.meta.url);
for (const name of ['vision_wasm_module_internal.js', 'vision_wasm_module_internal.wasm']) {
  await copyFile(resolve(`@mediapipe/tasks-vision/${name}`), path(`${server}/${name}`));
}

for (const name of ['face_landmarker.task', 'selfie_segmentation.tflite']) {
  if (!existsSync(path(`${server}/models/${name}`))) {
    console.warn(`${name} is not there yet: python scripts/fetch_model.py`);
  }
}
