/**
 * Defaults of a JSON schema, put where a value lacks them.
 *
 * As ajv's `useDefaults` does it: in `properties` and `items`, through `$ref` and `allOf`;
 * not in branches of which it is not known whether they hold.
 */

import { JSONExt } from '@lumino/coreutils';
import type { PartialJSONObject, PartialJSONValue } from '@lumino/coreutils';

/** A schema, or a part of one. */
export type Schema = PartialJSONObject;

function isObject(value: unknown): value is PartialJSONObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The part of a schema that a local reference (`#/definitions/x`) names. */
function referred(ref: string, root: Schema): Schema | null {
  let found: unknown = root;
  for (const step of ref.split('/').slice(1)) {
    const key = decodeURIComponent(step).replace(/~1/g, '/').replace(/~0/g, '~');
    if (!isObject(found) || !Object.hasOwn(found, key)) {
      return null;
    }
    found = found[key];
  }
  return ref.startsWith('#') && isObject(found) ? found : null;
}

/** Fill one member of an object or array, and what is in it. */
function fillMember(
  holder: Record<string | number, PartialJSONValue | undefined>,
  key: string | number,
  schema: unknown,
  root: Schema
): void {
  if (!isObject(schema)) {
    return;
  }
  if (holder[key] === undefined && schema.default !== undefined) {
    holder[key] = JSONExt.deepCopy(schema.default);
  }
  fillDefaults(holder[key], schema, root);
}

/**
 * Put the defaults into a value, in place.
 *
 * @param value - What somebody chose.
 * @param schema - Its schema.
 * @param root - The whole schema, which local references are looked up in.
 */
export function fillDefaults(value: unknown, schema: Schema, root: Schema): void {
  if (typeof value !== 'object' || value === null) {
    return;
  }
  if (typeof schema.$ref === 'string') {
    const part = referred(schema.$ref, root);
    if (part !== null) {
      fillDefaults(value, part, root);
    }
  }
  for (const part of Array.isArray(schema.allOf) ? schema.allOf : []) {
    if (isObject(part)) {
      fillDefaults(value, part, root);
    }
  }
  if (Array.isArray(value)) {
    fillItems(value as PartialJSONValue[], schema, root);
  } else {
    fillProperties(value as PartialJSONObject, schema, root);
  }
}

function fillItems(value: PartialJSONValue[], schema: Schema, root: Schema): void {
  const { items } = schema;
  const each = Array.isArray(items) ? items : value.map(() => items);
  each.forEach((part, index) => {
    fillMember(value as Record<number, PartialJSONValue>, index, part, root);
  });
}

function fillProperties(value: PartialJSONObject, schema: Schema, root: Schema): void {
  const properties = isObject(schema.properties) ? schema.properties : {};
  for (const [key, part] of Object.entries(properties)) {
    fillMember(value, key, part, root);
  }
  for (const key of Object.keys(value)) {
    if (!Object.hasOwn(properties, key)) {
      fillMember(value, key, schema.additionalProperties, root);
    }
  }
}
