/**
 * Which commands have no place in a room.
 *
 * This is tidiness, not protection: the server refuses what a person may not do.
 */

const MISPLACED: readonly RegExp[] = [
  /^apputils:(print|display-shortcuts|display-notifications|run-first-enabled)$/,
  /^application:(close|close-.*|set-mode|toggle-mode|toggle-left-area|toggle-side-tabbar)$/,
  /^application:(activate-.*-tab|toggle-presentation-mode|reset-layout|move-.*)$/,
  /^completer:.*-file$/,
  /^(console|debugger|extensionmanager|filebrowser|fileeditor|htmlviewer):/,
  /^(hub|inspector|launcher|licenses|logconsole|markdownviewer|plugin-playground):/,
  /^(running|settingeditor|sidebar|terminal|toc|translation|workspace|workspace-ui):/,
  /^docmanager:/,
  /^filemenu:/,
  /^help:/,
  /^kernelmenu:(change|reconnect-to-kernel|shutdown.*)$/,
  /^notebook:(change-kernel|close-and-shutdown|create-.*|export-to-format)$/,
  /^notebook:(get-kernel|open-with-.*|reconnect-to-kernel|shutdown-kernel|trust)$/,
  /^notebook:(attach-.*|open-in-.*|copy-to-clipboard|save-with-view)$/,
  /^rendermime:/,
  /^settings:/,
  /^tabsmenu:/,
  /^viewmenu:.*-widget$/,
  /^(create|open|save|export|download)-/
];

/** Needed under the surface, or harmless, though a pattern above would catch them. */
const NEEDED: ReadonlySet<string> = new Set([
  'docmanager:open',
  'docmanager:save',
  'toc:run-cells'
]);

/** Whether a command is kept out of menus, palette and shortcuts in a room. */
export function isMisplaced(command: string): boolean {
  return !NEEDED.has(command) && MISPLACED.some(pattern => pattern.test(command));
}
