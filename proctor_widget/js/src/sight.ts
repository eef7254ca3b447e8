/** What the camera sees, in words for the person in front of it. Pure. */
import type { Frame } from './generated/live.js';

export type Sight =
  'loading' | 'one' | 'nobody' | 'several' | 'small' | 'covered' | 'frozen' | 'dark';

export type Hint = 'none' | 'dim' | 'bright';

/** Frames looked at together, newest last: about a second. */
export const SIGHT_FRAMES = 8;

/** Below this contrast (0 to 255) there is no picture, only one even colour. */
const EVEN_LUMA_STD = 4;
const DARK_LUMA_MEAN = 30;
const DIM_LUMA_MEAN = 60;
const BRIGHT_LUMA_MEAN = 215;
const SMALL_FACE_WIDTH = 0.12;

/**
 * Say what the last frames show. The majority decides, so that one blink of the
 * detector does not make the words flicker.
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
  return [...votes].reduce((best, vote) => (vote[1] > best[1] ? vote : best))[0];
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
