import { ILabShell } from '@jupyterlab/application';
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { panelIcon } from '../icons';
import { ILive, IReplay } from '../tokens';
import { PanelModel } from './model';

/** Shows interviewers what the room noticed, as it happens. */
export const panelPlugin: JupyterFrontEndPlugin<void> = {
  id: '@nbinterview/lab:panel',
  description: 'Flags, sensors, people and kernel at the side, for interviewers.',
  autoStart: true,
  requires: [ILive, ILabShell],
  optional: [ITranslator, IReplay],
  activate: (
    app: JupyterFrontEnd,
    live: ILive | null,
    shell: ILabShell,
    translator: ITranslator | null,
    replay: IReplay | null
  ): void => {
    if (live === null) {
      return;
    }
    const trans = (translator ?? nullTranslator).load('nbinterview');
    const model = new PanelModel(live);
    void Promise.all([live.ready, app.restored]).then(async ([welcome]) => {
      if (welcome.role === 'candidate') {
        return;
      }
      const { PanelWidget } = await import('./view');
      const panel = new PanelWidget({
        model,
        policy: welcome.policy,
        trans,
        act: welcome.role === 'interviewer' ? action => live.act(action) : null,
        goTo: replay === null ? null : at => void replay.show(at)
      });
      panel.title.icon = panelIcon;
      const update = (): void => {
        const count = model.flagCount;
        panel.title.dataset = count > 0 ? { 'nbinterview-count': String(count) } : {};
        panel.title.caption =
          count > 0
            ? trans._n('Interview: %1 flag', 'Interview: %1 flags', count)
            : trans.__('Interview');
      };
      model.changed.connect(update);
      update();
      shell.add(panel, 'right', { rank: 0 });
      shell.activateById(panel.id);
    });
  }
};
