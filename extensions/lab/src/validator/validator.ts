/** Settings checked without generating code, so that a page's policy needs no eval. */

import { Validator } from '@cfworker/json-schema';
import type { OutputUnit } from '@cfworker/json-schema';
import type { ISchemaValidator, ISettingRegistry } from '@jupyterlab/settingregistry';
import { JSONExt } from '@lumino/coreutils';
import type { PartialJSONObject } from '@lumino/coreutils';
import * as json5 from 'json5';

import { fillDefaults } from './defaults';

type Errors = ISchemaValidator.IError[];

/**
 * What JupyterLab's own validator does, by interpreting the schemas.
 *
 * The schemas themselves are not checked against their meta-schema: they are files of
 * this installation, and JupyterLab's own tests do that.
 */
export class InterpretingValidator implements ISchemaValidator {
  validateData(plugin: ISettingRegistry.IPlugin, populate = true): Errors | null {
    const { type }: { type: string } = plugin.schema;
    if (type !== 'object') {
      return [error('schema', `A schema's root is an object, not: ${type}`)];
    }
    let user: PartialJSONObject;
    try {
      user = json5.parse(plugin.raw);
    } catch (thrown) {
      return [error('syntax', (thrown as Error).message)];
    }
    const validator = this._validatorOf(plugin);
    const composite = JSONExt.deepCopy(user);
    for (const data of [user, composite]) {
      if (data === composite) {
        fillDefaults(composite, plugin.schema, plugin.schema);
      }
      const { valid, errors } = validator.validate(data);
      if (!valid) {
        return errors.map(fromUnit);
      }
    }
    if (populate) {
      plugin.data = {
        composite: composite,
        user: user
      };
    }
    return null;
  }

  private _validatorOf({ schema }: ISettingRegistry.IPlugin): Validator {
    let found = this._validators.get(schema);
    if (found === undefined) {
      // It notes addresses in what it is given.
      found = new Validator(JSONExt.deepCopy(schema), '7');
      this._validators.set(schema, found);
    }
    return found;
  }

  private readonly _validators = new WeakMap<object, Validator>();
}

function error(keyword: string, message: string): ISchemaValidator.IError {
  return { instancePath: '', schemaPath: '', keyword, message };
}

function fromUnit(unit: OutputUnit): ISchemaValidator.IError {
  return {
    instancePath: unit.instanceLocation.replace(/^#/, ''),
    schemaPath: unit.keywordLocation,
    keyword: unit.keyword,
    message: unit.error
  };
}
