/** The room as it stands: its welcome, kept up to date by what came after. */

import type { FromRoom, Gap, Welcome } from '../wire';

/** Take one message into the picture. Messages that say nothing lasting change nothing. */
export function fold(room: Welcome, message: FromRoom): Welcome {
  switch (message.type) {
    case 'people':
      return { ...room, people: message.people };
    case 'state':
      return { ...room, state: message.state };
    case 'flag':
      return { ...room, flags: withEpisode(room.flags, message.flag) };
    case 'kernel':
      return { ...room, kernel: message };
    case 'sensor':
      return {
        ...room,
        sensors: [
          ...room.sensors.filter(each => each.sensor !== message.sensor.sensor),
          message.sensor
        ]
      };
    case 'nudge':
      return { ...room, nudges: withEpisode(room.nudges, message.nudge) };
    case 'warning':
      return { ...room, warnings: withEpisode(room.warnings, message.warning) };
    case 'episode':
      return { ...room, episodes: withEpisode(room.episodes, message.episode) };
    case 'comment':
      return { ...room, comments: [...room.comments, message.comment] };
    case 'calibration':
      return message.calibration.rehearsal === true
        ? room
        : { ...room, calibration: message.calibration };
    case 'watching':
      return { ...room, watching: message.watching };
    case 'lease':
      return { ...room, lease: { active: message.active, pages: message.pages } };
    case 'storage':
      return { ...room, storage: message };
    case 'checkpoint':
      return { ...room, checkpoint: message };
    case 'gap':
      return { ...room, gaps: withGap(room.gaps ?? [], message.gap) };
    default:
      return room;
  }
}

/** The later word on a gap takes the place of the earlier one. */
function withGap(known: readonly Gap[], said: Gap): Gap[] {
  return [...known.filter(({ gap_id }) => gap_id !== said.gap_id), said];
}

/** The later word on an episode takes the place of the earlier one. */
function withEpisode<T extends { episode_id: string }>(
  known: readonly T[],
  said: T
): T[] {
  return [...known.filter(each => each.episode_id !== said.episode_id), said];
}
