// Remove what the build made.
import { rmSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
for (const made of ['lib', '../nbinterview_server/labextensions']) {
  rmSync(path.join(root, made), { recursive: true, force: true });
}
