/** Which key does what, wherever in the player the focus is. */

export interface KeyActs {
  toggle: () => void;
  seekBy: (by_ms: number) => void;
  seekTo: (edge: 'start' | 'end') => void;
  frame: (direction: 1 | -1) => void;
  mark: (direction: 1 | -1) => void;
  flagsOnly: () => void;
}

const STEP_MS = 5000;
const LONG_STEP_MS = 30_000;

/** True when the key was one of ours. */
export function onKey(event: KeyboardEvent, acts: KeyActs): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey || belongsToTarget(event)) {
    return false;
  }
  const step_ms = event.shiftKey ? LONG_STEP_MS : STEP_MS;
  switch (event.key) {
    case ' ':
      acts.toggle();
      return true;
    case 'ArrowLeft':
      acts.seekBy(-step_ms);
      return true;
    case 'ArrowRight':
      acts.seekBy(step_ms);
      return true;
    case ',':
      acts.frame(-1);
      return true;
    case '.':
      acts.frame(1);
      return true;
    case 'Home':
      acts.seekTo('start');
      return true;
    case 'End':
      acts.seekTo('end');
      return true;
  }
  return onLetter(event.key.toLowerCase(), acts);
}

function onLetter(key: string, acts: KeyActs): boolean {
  switch (key) {
    case 'n':
      acts.mark(1);
      return true;
    case 'p':
      acts.mark(-1);
      return true;
    case 'f':
      acts.flagsOnly();
      return true;
    default:
      return false;
  }
}

/** A button is pressed by the space bar; a choice is made by any key. */
function belongsToTarget({ key, target }: KeyboardEvent): boolean {
  if (!(target instanceof HTMLElement)) {
    return false;
  }
  return (
    target.closest('select') !== null ||
    (key === ' ' && target.closest('button') !== null)
  );
}
