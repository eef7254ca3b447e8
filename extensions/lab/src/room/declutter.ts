/** Takes out of JupyterLab what a room does not need. */

import type { IMainMenu } from '@jupyterlab/mainmenu';
import type { ILabShell } from '@jupyterlab/application';
import type { ServiceManager } from '@jupyterlab/services';
import type { CommandRegistry } from '@lumino/commands';
import { Signal } from '@lumino/signaling';
import type { Widget } from '@lumino/widgets';
import { MenuBar } from '@lumino/widgets';

import { isMisplaced } from './commands';

/** Keep misplaced commands out of menus, palette and shortcuts. */
export function hideCommands(commands: CommandRegistry): void {
  // The registry has no way to take a command back, and its owners need some of them
  // to stay executable; so it answers "not now" to everybody who asks before showing.
  const isEnabled = commands.isEnabled.bind(commands);
  const isVisible = commands.isVisible.bind(commands);
  commands.isEnabled = (id, args) => !isMisplaced(id) && isEnabled(id, args);
  commands.isVisible = (id, args) => !isMisplaced(id) && isVisible(id, args);
}

/**
 * Take away the side panels, the status bar and the row above the menus. Our own come
 * later or sit elsewhere.
 */
export function tidy(shell: ILabShell): void {
  shell.mode = 'single-document';
  if (shell.isTopInSimpleModeVisible()) {
    shell.toggleTopInSimpleModeVisibility();
  }
  if (shell.isSideTabBarVisible('left')) {
    shell.toggleSideTabBarVisibility('left');
  }
  for (const widget of [...shell.widgets('right')].filter(each => !isOurs(each))) {
    widget.parent = null;
  }
  for (const widget of shell.widgets('bottom')) {
    widget.parent?.hide();
  }
  shell.collapseLeft();
}

/**
 * Take JupyterLab's dialog about a lost server out of the way: the title bar says it,
 * and a person in a room cannot restart the server, as the hub's dialog would have it.
 */
export function quietConnectionLoss(services: ServiceManager.IManager): void {
  // The only signal of a service manager itself is the one that opens the dialog.
  Signal.disconnectSender(services);
}

function isOurs(widget: Widget): boolean {
  return widget.id.startsWith('nbinterview-');
}

/** Leave Edit, View, Run and Kernel in the menu bar. */
export function trimMenuBar(mainMenu: IMainMenu): void {
  if (!(mainMenu instanceof MenuBar)) {
    return;
  }
  const kept = new Set([
    mainMenu.editMenu,
    mainMenu.viewMenu,
    mainMenu.runMenu,
    mainMenu.kernelMenu
  ] as unknown[]);
  for (const menu of mainMenu.menus.filter(each => !kept.has(each))) {
    mainMenu.removeMenu(menu);
  }
}
