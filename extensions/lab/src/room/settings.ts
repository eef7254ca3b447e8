/**
 * Settings that stay in this browser.
 *
 * A room's server takes no settings from its visitors, so a changed theme or line
 * numbers are kept here, and a reload finds them again.
 */

import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import type { Setting } from '@jupyterlab/services';

type Manager = Pick<Setting.IManager, 'fetch' | 'save'>;

/** Let a manager keep what is saved in `storage`, under names that begin so. */
export function keepSettingsHere(
  manager: Manager,
  storage: Storage,
  prefix: string
): void {
  const fetch = manager.fetch.bind(manager);
  manager.fetch = async (id: string): Promise<ISettingRegistry.IPlugin> => {
    const plugin = await fetch(id);
    return { ...plugin, raw: storage.getItem(prefix + id) ?? plugin.raw };
  };
  manager.save = (id: string, raw: string): Promise<void> => {
    storage.setItem(prefix + id, raw);
    return Promise.resolve();
  };
}

/** The settings that were kept under names that begin so. */
export function keptSettings(storage: Storage, prefix: string): string[] {
  return Object.keys(storage)
    .filter(key => key.startsWith(prefix))
    .map(key => key.slice(prefix.length));
}
