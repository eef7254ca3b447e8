/** The room as it stands: its welcome, kept up to date by what came after. */

import type { Flag, FromRoom, SensorState, Warning, Welcome } from '../wire';

/** Take one message into the picture. Messages that say nothing lasting change nothing. */
export function fold(room: Welcome, message: FromRoom): Welcome {
  switch (message.type) {
    case 'people':
      return { ...room, people: message.people };
    case 'state':
      return { ...room, state: message.state };
    case 'flag':
      return { ...room, flags: withFlag(room.flags, message.flag) };
    case 'kernel':
      return { ...room, kernel: message };
    case 'sensor':
      return { ...room, sensors: withSensor(room.sensors, message.sensor) };
    case 'warning':
      return { ...room, warnings: withWarning(room.warnings, message.warning) };
    default:
      return room;
  }
}

function withFlag(flags: readonly Flag[], flag: Flag): Flag[] {
  return [...flags.filter(each => each.episode_id !== flag.episode_id), flag];
}

function withSensor(
  sensors: readonly SensorState[],
  sensor: SensorState
): SensorState[] {
  return [...sensors.filter(each => each.sensor !== sensor.sensor), sensor];
}

function withWarning(warnings: readonly Warning[], warning: Warning): Warning[] {
  return [...warnings.filter(each => each.episode_id !== warning.episode_id), warning];
}
