import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
// @ts-expect-error a build script without types
import { generate, typesPath } from '../scripts/types.mjs';

it('the generated types are those of the schema (else: npm run types)', async () => {
  const fresh = await (generate as () => Promise<string>)();
  expect(readFileSync(typesPath as URL, 'utf8')).toBe(fresh);
});
