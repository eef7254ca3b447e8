/** The notebook after the end of it all: to be read, without a room behind it. */

import type { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { ServiceManager } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { INotice } from './notices';

/** What to say to somebody whose access was taken away, with what is theirs alone. */
export function withdrawnNotice(text: string, trans: TranslationBundle): INotice {
  const words = [
    trans.__(
      'Whoever runs this interview has ended your access to it. What you wrote until ' +
        'now is kept. If this comes as a surprise, write to the person who invited you.'
    )
  ];
  if (text !== '') {
    words.push(
      trans.__('Only the text below was not saved in time; copy it if you like.')
    );
  }
  return {
    id: 'withdrawn',
    kind: 'hint',
    title: trans.__('Your access to this interview has ended'),
    text: words.join(' '),
    ...(text === '' ? {} : { excerpt: text })
  };
}

/** Let nobody write any more: it would not be kept. */
export function makeReadOnly({ content, context }: NotebookPanel): void {
  context.model.readOnly = true;
  // The editors only: a cell's own `readOnly` is written into the notebook.
  const { code, markdown, raw } = content.editorConfig;
  content.editorConfig = {
    code: { ...code, readOnly: true },
    markdown: { ...markdown, readOnly: true },
    raw: { ...raw, readOnly: true }
  };
}

/** End the connections that JupyterLab would try to have back for ever. */
export function closeServices(
  services: ServiceManager.IManager,
  notebook: NotebookPanel | null,
  files: IFileBrowserFactory | null
): void {
  // Nobody sees them, and each would list the folder again every few seconds.
  files?.tracker.forEach(browser => {
    browser.model.dispose();
  });
  // Its provider goes with it; what is on the page stays.
  notebook?.context.model.sharedModel.dispose();
  services.dispose();
  services.kernels.dispose();
  services.kernelspecs.dispose();
}
