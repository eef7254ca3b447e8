/**
 * Which commands have no place in a room.
 *
 * This is tidiness, not protection: the server refuses what a person may not do.
 */

const MISPLACED: readonly RegExp[] = [
  /^apputils:(display-notifications|load-statedb|print|reset.*|run-first-enabled)$/,
  /^application:(activate-.*|close.*|move-.*|reset-layout|set-mode)$/,
  /^application:toggle-(?!fullscreen-mode$).*/,
  /^completer:.*-file$/,
  /^(console|debugger|docmanager|extensionmanager|filebrowser|fileeditor|filemenu):/,
  /^(help|htmlviewer|hub|imageviewer|inspector|jupyterlab-translation|launcher):/,
  /^(licenses|logconsole|markdownviewer|property-inspector|rendermime|running):/,
  /^(settingeditor|settings|sidebar|statusbar|tabsmenu|terminal|toc|translation):/,
  /^(workspace|workspace-ui):/,
  /^kernelmenu:(change|reconnect-to-kernel|shutdown.*)$/,
  /^notebook:(attach-.*|change-kernel|close-and-shutdown|copy-to-clipboard)$/,
  /^notebook:(create-.*|export-to-format|get-kernel|open-.*|reconnect-to-kernel)$/,
  /^notebook:(save-with-view|shutdown-kernel|trust)$/
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
