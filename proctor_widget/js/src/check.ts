/**
 * The camera check: the person's own picture, and what is seen in it, in words.
 *
 * Plain DOM, for a lab widget and for anywidget alike. Its looks are in
 * style/check.css, made of `--jp-*` variables. The host feeds it what a `Watcher`
 * tells; nothing here looks at the camera by itself.
 */
import type { CameraEvent, DetectorEvent, Frame } from './generated/live.js';
import { hint, remember, sight, type Hint, type Sight } from './sight.js';

/** Every text of the view; a host with translations passes its own. */
export interface CheckWords {
  title: string;
  preview: string;
  privacy: string;
  sight: Record<Sight, string>;
  hint: Record<Hint, string>;
  camera: Record<CameraEvent['state'], string>;
  /** Before the detector's own reason. */
  failed: string;
}

export const CHECK_WORDS: CheckWords = {
  title: 'Camera check',
  preview: 'Your camera picture, seen only by you',
  privacy:
    'The picture stays on this computer. Only numbers leave it, such as how many ' +
    'faces are seen and where the head points.',
  sight: {
    loading: 'Getting ready to look. This takes a few seconds.',
    one: 'One face found. All is well.',
    somebody:
      "You are there, but your face can't be read. Please turn towards the camera; " +
      'more light from the front helps, too.',
    nobody: 'No face found. Please sit so that the camera sees your face.',
    several: 'More than one face found. You should be alone in the picture.',
    small: 'Your face is small in the picture. Moving closer helps.',
    covered: 'The picture is empty. Is the camera covered?',
    frozen: 'The picture stands still. Switching the camera off and on may help.',
    dark: 'It is too dark to see a face. A lamp in front of you helps.'
  },
  hint: {
    none: '',
    dim: 'There is little light. A lamp in front of you would help.',
    bright: 'There is very much light. Turning away from the window would help.'
  },
  camera: {
    on: '',
    off: 'The camera is off.',
    denied:
      'The browser was not allowed to use the camera. ' +
      'You can allow it by the camera sign in the address bar.',
    missing: 'No camera was found, or another program is using it.',
    lost: 'The camera was disconnected.'
  },
  failed: 'The camera cannot be measured here:'
};

/** How good it is: for the sign beside the words and for hosts that wait for `good`. */
export type CheckLevel = 'good' | 'wait' | 'attention';

const PREFIX = 'jp-nbinterview-Check';
const SIGNS: Record<CheckLevel, string> = { good: '✓', wait: '…', attention: '!' };

export class CheckView {
  /** @param onChange called when the words or the level change. */
  constructor(
    words: Partial<CheckWords> = {},
    private readonly _onChange: (level: CheckLevel, text: string) => void = () =>
      undefined
  ) {
    this._words = { ...CHECK_WORDS, ...words };
    this.node.className = PREFIX;
    this.node.setAttribute('aria-label', this._words.title);
    this._video.className = `${PREFIX}-video`;
    this._video.muted = true;
    this._video.playsInline = true;
    this._video.setAttribute('aria-label', this._words.preview);
    this._sign.className = `${PREFIX}-sign`;
    this._sign.setAttribute('aria-hidden', 'true');
    const line = element('p', `${PREFIX}-line`);
    // Read out when it changes, without taking the focus.
    line.setAttribute('role', 'status');
    line.append(this._sign, this._text);
    const privacy = element('p', `${PREFIX}-privacy`);
    privacy.textContent = this._words.privacy;
    this.node.append(this._video, line, this._light, privacy);
    this._render();
  }

  readonly node: HTMLElement = document.createElement('section');

  get level(): CheckLevel {
    return this._level ?? 'wait';
  }

  /** Show a stream, or none. */
  showStream(stream: MediaStream | null): void {
    this._frames = [];
    this._video.srcObject = stream;
    this._video.hidden = stream === null;
    if (stream !== null) {
      this._camera = 'on';
      // Rejected when the stream is replaced while it starts: nothing to do then.
      this._video.play().catch((_error: unknown) => undefined);
    }
    this._render();
  }

  showCamera(event: CameraEvent): void {
    this._camera = event.state;
    if (event.state === 'off') {
      this._failure = null; // another start is another try
    }
    this._render();
  }

  showDetector(event: DetectorEvent): void {
    this._failure = event.state === 'failed' ? (event.reason ?? '') : null;
    this._render();
  }

  showFrame(frame: Frame): void {
    this._frames = remember(this._frames, frame);
    this._render();
  }

  dispose(): void {
    this._video.srcObject = null;
    this.node.remove();
  }

  private _render(): void {
    const [level, text] = this._state();
    const light = level === 'good' ? this._words.hint[hint(this._frames)] : '';
    this._light.textContent = light;
    this._light.hidden = light === '';
    if (text === this._text.textContent && level === this._level) {
      return; // unchanged words must not be read out again
    }
    this._level = level;
    this._text.textContent = text;
    this._sign.textContent = SIGNS[level];
    this.node.dataset['level'] = level;
    this._onChange(level, text);
  }

  private _state(): [CheckLevel, string] {
    if (this._failure !== null && ['on', 'off'].includes(this._camera)) {
      return ['attention', `${this._words.failed} ${this._failure}`];
    }
    if (this._camera !== 'on') {
      return ['attention', this._words.camera[this._camera]];
    }
    const seen = sight(this._frames);
    const level = seen === 'one' ? 'good' : seen === 'loading' ? 'wait' : 'attention';
    return [level, this._words.sight[seen]];
  }

  private readonly _words: CheckWords;
  private readonly _video = document.createElement('video');
  private readonly _sign = document.createElement('span');
  private readonly _text = document.createElement('span');
  private readonly _light = element('p', `${PREFIX}-light`);
  private _frames: Frame[] = [];
  private _camera: CameraEvent['state'] = 'off';
  private _failure: string | null = null;
  private _level: CheckLevel | null = null;
}

function element(tag: 'p', className: string): HTMLElement {
  const made = document.createElement(tag);
  made.className = className;
  return made;
}
