/** Takes out of JupyterLab what a room does not need. */

import type { IMainMenu } from '@jupyterlab/mainmenu';
import type { CommandRegistry } from '@lumino/commands';
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
