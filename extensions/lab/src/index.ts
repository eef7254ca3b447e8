/** The interview room in JupyterLab. */

import { checkPlugin } from './check/plugin';
import { custodyPlugins } from './custody/plugin';
import { focusPlugin } from './focus/plugin';
import { livePlugin } from './live/plugin';
import { outputPlugins } from './outputs/plugin';
import { panelPlugin } from './panel/plugin';
import { replayPlugin } from './replay/plugin';
import { roomPlugin } from './room/plugin';
import { settingsPlugin } from './validator/plugin';
import { watchPlugin } from './watch/plugin';

export * from './tokens';

export default [
  settingsPlugin,
  ...outputPlugins,
  livePlugin,
  ...custodyPlugins,
  roomPlugin,
  watchPlugin,
  focusPlugin,
  panelPlugin,
  replayPlugin,
  checkPlugin
];
