/**
 * JupyterLab's settings with a validator that generates no code.
 *
 * It stands in for `@jupyterlab/apputils-extension:settings`, whose validator needs
 * `unsafe-eval` and which takes no other. Unlike the other plugins it works on every
 * page that it is on: without a registry of settings there is no JupyterLab.
 */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { PageConfig } from '@jupyterlab/coreutils';
import {
  ISettingConnector,
  ISettingRegistry,
  SettingRegistry
} from '@jupyterlab/settingregistry';

import { InterpretingValidator } from './validator';

/** Loads what the page's plugins have as settings. */
export const settingsPlugin: JupyterFrontEndPlugin<ISettingRegistry> = {
  id: '@nbinterview/lab:settings',
  description: 'The registry of settings, checked without generating code.',
  autoStart: true,
  requires: [ISettingConnector],
  provides: ISettingRegistry,
  activate: async (
    app: JupyterFrontEnd,
    connector: ISettingConnector
  ): Promise<ISettingRegistry> => {
    const active = (await connector.list('active')).values;
    const registry = new SettingRegistry({
      connector,
      plugins: active.filter(({ id }) => app.hasPlugin(id)),
      validator: new InterpretingValidator()
    });
    // Those of plugins that start when they are needed.
    void app.restored.then(() => loadOthers(app, connector, registry));
    return registry;
  }
};

async function loadOthers(
  app: JupyterFrontEnd,
  connector: ISettingConnector,
  registry: SettingRegistry
): Promise<void> {
  const { isDisabled } = PageConfig.Extension;
  for (const id of (await connector.list('ids')).ids) {
    if (app.hasPlugin(id) && !isDisabled(id) && !(id in registry.plugins)) {
      registry.load(id).catch((error: unknown) => {
        console.warn(`Settings of ${id} were not loaded:`, error);
      });
    }
  }
}
