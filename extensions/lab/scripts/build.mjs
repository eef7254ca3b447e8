// Bundle the extension with JupyterLab's own builder, called directly: no Python needed.
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';

const require = createRequire(import.meta.url);
const root = path.resolve(import.meta.dirname, '..');
const builder = path.join(
  path.dirname(require.resolve('@jupyter/builder')),
  'build-labextension.js'
);
const core = require.resolve('@jupyterlab/core-meta/core.package.json');
const development = process.argv.includes('--development') ? ['--development'] : [];

execFileSync(
  process.execPath,
  [builder, '--core-package-file', core, ...development, root],
  { stdio: 'inherit' }
);
