/** The notebook after the interview's end: to be read, without a room behind it. */

import type { NotebookPanel } from '@jupyterlab/notebook';
import type { ServiceManager } from '@jupyterlab/services';

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
  notebook: NotebookPanel | null
): void {
  // Its provider goes with it; what is on the page stays.
  notebook?.context.model.sharedModel.dispose();
  services.dispose();
  services.kernels.dispose();
  services.kernelspecs.dispose();
}
