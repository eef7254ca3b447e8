/** Put the candidate's own record beside the notebook. */

import type { JupyterFrontEnd } from '@jupyterlab/application';

import { recordIcon } from '../icons';
import type { IRecordProps } from './view';
import { RecordWidget } from './view';

/**
 * Add the side panel, closed: it is there for who wants it.
 * @returns Opens it.
 */
export function addRecord(app: JupyterFrontEnd, props: IRecordProps): () => void {
  const widget = new RecordWidget(props);
  widget.title.icon = recordIcon;
  widget.title.caption = props.trans.__('What is measured, and my record');
  app.shell.add(widget, 'right', { rank: 0, activate: false });
  return () => {
    app.shell.activateById(widget.id);
    widget.node.focus();
  };
}
