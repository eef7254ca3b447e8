// Generate src/generated/film.ts from the one schema of films.
// `node scripts/types.mjs` writes it; the test suite calls generate() to see that it is fresh.
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import yaml from 'js-yaml';
import { compile } from 'json-schema-to-typescript';

const schemaPath = new URL(
  '../../../service/nbinterview/schemas/film.schema.yaml',
  import.meta.url
);
export const typesPath = new URL('../src/generated/film.ts', import.meta.url);

export async function generate() {
  const schema = yaml.load(await readFile(schemaPath, 'utf8'));
  return compile(schema, 'FilmSchema', {
    bannerComment:
      '// Generated from service/nbinterview/schemas/film.schema.yaml by `npm run types`; do not edit.',
    additionalProperties: false,
    // As tuple types lengths only hurt.
    ignoreMinAndMaxItems: true,
    style: { singleQuote: true, trailingComma: 'none', arrowParens: 'avoid', printWidth: 88 }
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await writeFile(typesPath, await generate());
}
