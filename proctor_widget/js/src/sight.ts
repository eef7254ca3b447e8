/** What the camera sees, in words for the person in front of it. Pure. */
import type { Frame } from './generated/live.js';

export type Sight =
  | 'loading'
  | 'one'
  | 'somebody'
  | 'nobody'
  | 'several'
  | 'small'
  | 'covered'
  | 'frozen'
  | 'dark';

export type Hint = 'none' | 'dim' | 'bright';

/** Frames looked at together, newest last: about a second. */
export const SIGHT_FRAMES = 8;

/** Below this contrast (0 to 255) there is no picture, only one even colour. */
const EVEN_LUMA_STD = 4;
const DARK_LUMA_MEAN = 30;
const DIM_LUMA_MEAN = 60;
const BRIGHT_LUMA_MEAN = 215;
const SMALL_FACE_WIDTH = 0.12;
/** `person_there` and `person_hold_s` of the standard policy. */
const PERSON_THERE = 0.5;
const PERSON_HOLD_MS = 3000;

/**
 * Say what the last frames show. The majority decides, so that one blink of the
 * detector does not make the words flicker. The second opinion is asked once a second
 * at most, so the frames given may go further back: `remember` keeps as many.
 */
export function sight(frames: readonly Frame[]): Sight {
  const recent = frames.slice(-SIGHT_FRAMES);
  if (recent.length === 0) {
    return 'loading';
  }
  if (recent.length === SIGHT_FRAMES && recent.every(f => f.frame_diff === 0)) {
    return 'frozen';
  }
  const votes = new Map<Sight, number>();
  for (const frame of recent) {
    const seen = single(frame);
    votes.set(seen, (votes.get(seen) ?? 0) + 1);
  }
  const [most] = [...votes].reduce((best, vote) => (vote[1] > best[1] ? vote : best));
  return most === 'nobody' && isSomebodyThere(frames) ? 'somebody' : most;
}

/** The frames with a new one, as far back as `sight` looks. */
export function remember(frames: readonly Frame[], frame: Frame): Frame[] {
  const all = [...frames, frame];
  const oldest_ms = frame.at_ms - PERSON_HOLD_MS;
  return all.filter(
    (each, i) => all.length - i <= SIGHT_FRAMES || each.at_ms >= oldest_ms
  );
}

/** Whether more or less light would help, though a face is seen. */
export function hint(frames: readonly Frame[]): Hint {
  const recent = frames.slice(-SIGHT_FRAMES);
  const mean = recent.reduce((sum, f) => sum + f.luma_mean, 0) / recent.length;
  if (mean < DIM_LUMA_MEAN) {
    return 'dim';
  }
  return mean > BRIGHT_LUMA_MEAN ? 'bright' : 'none';
}

/** What the newest second opinion says; one that is long ago says nothing. */
function isSomebodyThere(frames: readonly Frame[]): boolean {
  const asked = frames.filter(frame => frame.person !== undefined).at(-1);
  const age_ms = (frames.at(-1)?.at_ms ?? 0) - (asked?.at_ms ?? 0);
  return (asked?.person ?? 0) >= PERSON_THERE && age_ms <= PERSON_HOLD_MS;
}

function single(frame: Frame): Sight {
  if (frame.faces > 1) {
    return 'several';
  }
  if (frame.faces === 1) {
    return (frame.box?.[2] ?? 1) < SMALL_FACE_WIDTH ? 'small' : 'one';
  }
  if (frame.luma_std < EVEN_LUMA_STD) {
    return 'covered';
  }
  return frame.luma_mean < DARK_LUMA_MEAN ? 'dark' : 'nobody';
}
