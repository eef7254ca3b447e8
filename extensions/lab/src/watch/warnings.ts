/** The candidate's warnings: quiet, read out politely, gone when their cause is gone. */

import type { TranslationBundle } from '@jupyterlab/translation';

import type { Notices } from '../room/notices';
import type { ILive } from '../tokens';

/** Show each warning as a notice until it is cleared. */
export function showWarnings(
  live: ILive,
  notices: Notices,
  trans: TranslationBundle
): void {
  const shown = new Set<string>();
  const clear = (episode: string): void => {
    shown.delete(episode);
    notices.clear(noticeId(episode));
  };
  live.warned.connect((_, warning) => {
    shown.add(warning.episode_id);
    notices.show({
      id: noticeId(warning.episode_id),
      kind: 'hint',
      title: trans.__('A quiet word'),
      text: warning.text
    });
  });
  live.warningCleared.connect((_, episode) => {
    clear(episode);
  });
  live.welcomed.connect(() => {
    // What was cleared while the line was down is not told again: begin anew.
    shown.forEach(clear);
  });
}

function noticeId(episode: string): string {
  return `warning:${episode}`;
}
