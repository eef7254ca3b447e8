import { ILabShell } from '@jupyterlab/application';
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { panelIcon } from '../icons';
import { ILive, IReplay, IRoom } from '../tokens';
import { PanelModel } from './model';
import { ProofModel } from './proof';

/** Shows interviewers what the room noticed, as it happens. */
export const panelPlugin: JupyterFrontEndPlugin<void> = {
  id: '@nbinterview/lab:panel',
  description: 'Flags, sensors, people and kernel at the side, for interviewers.',
  autoStart: true,
  requires: [ILive, ILabShell],
  optional: [ITranslator, IReplay, IRoom],
  activate: (
    app: JupyterFrontEnd,
    live: ILive | null,
    shell: ILabShell,
    translator: ITranslator | null,
    replay: IReplay | null,
    room: IRoom | null
  ): void => {
    if (live === null) {
      return;
    }
    const trans = (translator ?? nullTranslator).load('nbinterview');
    const model = new PanelModel(live);
    const proof = new ProofModel(live);
    void Promise.all([live.ready, app.restored]).then(async ([welcome]) => {
      if (welcome.role === 'candidate') {
        return;
      }
      const [{ PanelWidget }, { AlarmChips }, { openWitness }] = await Promise.all([
        import('./view'),
        import('./alarms'),
        import('../witness/open')
      ]);
      const { serverSettings } = app.serviceManager;
      const witness = await openWitness(live, serverSettings, welcome);
      const panel = new PanelWidget({
        model,
        proof,
        witness,
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
      room?.addToBar(
        new AlarmChips({ proof, witness, trans }, () => {
          shell.activateById(panel.id);
        })
      );
    });
  }
};
