import { DefaultSchemaValidator } from '@jupyterlab/settingregistry';
import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import { JSONExt } from '@lumino/coreutils';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { InterpretingValidator } from '../src/validator/validator';

vi.hoisted(() => {
  // What JupyterLab's own module loads wants to know which browser this is.
  class Element {
    matches = (): boolean => false;
  }
  const document = { createElement: () => new Element() };
  Object.assign(globalThis, { navigator: { platform: '' }, document, Element });
});

const SCHEMA = {
  type: 'object',
  title: 'T',
  description: 'D',
  definitions: {
    font: {
      type: 'object',
      default: {},
      properties: { size: { type: ['integer', 'null'], default: 13, minimum: 6 } }
    }
  },
  properties: {
    on: { type: 'boolean', default: true },
    none: { type: ['string', 'null'], default: null },
    font: { $ref: '#/definitions/font' },
    nested: {
      type: 'object',
      default: { kept: 1 },
      properties: { deep: { type: 'string', default: 'x' }, kept: { type: 'number' } }
    },
    list: {
      type: 'array',
      default: [],
      items: { type: 'object', properties: { rank: { type: 'number', default: 500 } } }
    },
    named: {
      type: 'object',
      additionalProperties: {
        type: 'object',
        properties: { flag: { type: 'boolean', default: false } }
      }
    },
    either: {
      oneOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }]
    },
    both: {
      allOf: [{ type: 'object', properties: { a: { type: 'number', default: 1 } } }]
    },
    kind: { enum: ['a', 'b'], default: 'a' }
  },
  additionalProperties: false
};

function plugin(raw: string, schema: object = SCHEMA): ISettingRegistry.IPlugin {
  return {
    id: `p:${Math.random()}`,
    raw,
    version: '1',
    data: { composite: {}, user: {} },
    schema: JSONExt.deepCopy(schema as never)
  };
}

describe('settings checked without generating code', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  it.each([
    '{}',
    '// a comment\n{"on": false,}',
    '{"font": {}, "nested": {}, "list": [{}, {"rank": 2}], "both": {}}',
    '{"font": {"size": 7}, "nested": {"kept": 3}, "named": {"x": {}, "y": {"flag": true}}}',
    '{"either": ["x"], "kind": "b", "none": "s"}'
  ])('gives what JupyterLab would: %s', raw => {
    const [ours, theirs] = [plugin(raw), plugin(raw)];
    expect(new DefaultSchemaValidator().validateData(theirs)).toBeNull();
    expect(new InterpretingValidator().validateData(ours)).toBeNull();
    expect(ours.data).toEqual(theirs.data);
  });

  it.each([
    '{"on": 1}',
    '{"unknown": 1}',
    '{"font": {"size": 2}}',
    '{"font": {"size": "x"}}',
    '{"either": 7}',
    '{"kind": "c"}',
    '[]',
    '{"on": ',
    '{"list": [{"rank": "x"}]}'
  ])('refuses what JupyterLab would: %s', raw => {
    expect(new DefaultSchemaValidator().validateData(plugin(raw))).not.toBeNull();
    const refused = plugin(raw);
    const errors = new InterpretingValidator().validateData(refused);
    expect(errors?.length).toBeGreaterThan(0);
    expect(refused.data).toEqual({ composite: {}, user: {} });
  });

  it('checks without filling in when asked', () => {
    const one = plugin('{"on": false}');
    expect(new InterpretingValidator().validateData(one, false)).toBeNull();
    expect(one.data).toEqual({ composite: {}, user: {} });
  });

  it('does not change the schema, and generates no code', () => {
    const one = plugin('{}');
    const before = JSON.stringify(one.schema);
    vi.stubGlobal('Function', () => {
      throw new Error('code was generated');
    });
    expect(new InterpretingValidator().validateData(one)).toBeNull();
    expect(JSON.stringify(one.schema)).toBe(before);
  });
});
