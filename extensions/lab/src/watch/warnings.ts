/** The candidate's nudges and warnings: quiet, read out politely, gone with their cause. */

import type { TranslationBundle } from '@jupyterlab/translation';

import type { Notices } from '../room/notices';
import type { ILive } from '../tokens';
import type { Nudges } from './nudges';

/**
 * Show each warning as a notice until it is cleared.
 * @param answer - Open the record, where it can be answered.
 */
export function showWarnings(
  live: ILive,
  notices: Notices,
  answer: () => void,
  trans: TranslationBundle
): void {
  const shown = new Set<string>();
  const clear = (episode: string): void => {
    shown.delete(episode);
    notices.clear(noticeId(episode));
  };
  live.heard('warning').connect((_, { warning }) => {
    shown.add(warning.episode_id);
    notices.show({
      id: noticeId(warning.episode_id),
      kind: 'hint',
      title: trans.__('A quiet word'),
      text: warning.text,
      action: { label: trans.__('Answer in my record'), run: answer }
    });
  });
  live.heard('warning_cleared').connect((_, { episode_id }) => {
    clear(episode_id);
  });
  live.welcomed.connect(() => {
    // What was cleared while the line was down is not told again: begin anew.
    shown.forEach(clear);
  });
}

/** Pass nudges on, until they are over or become a warning. */
export function followNudges(live: ILive, nudges: Nudges): void {
  live.heard('nudge').connect((_, { nudge }) => {
    nudges.add(nudge);
  });
  live.heard('warning').connect((_, { warning }) => {
    nudges.clear(warning.episode_id);
  });
  live.heard('episode').connect((_, { episode }) => {
    nudges.clear(episode.episode_id);
  });
  live.heard('warning_cleared').connect((_, { episode_id }) => {
    nudges.clear(episode_id);
  });
}

function noticeId(episode: string): string {
  return `warning:${episode}`;
}
