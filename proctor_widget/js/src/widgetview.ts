/** One display of `ProctorWidget`: plain DOM in words, by keyboard and screen reader. */
import type { CalibrationStep, Target } from './calibration.js';
import { CheckView } from './check.js';
import type { SensorState } from './generated/live.js';
import type { Session } from './widget.js';
import type { Finding, Told } from './widgetmodel.js';

const PREFIX = 'jp-nbinterview-Proctor';

const WORDS = {
  label: 'Try the measuring',
  on: 'Turn my camera on',
  off: 'Turn my camera off',
  asked: 'This notebook asks to use your camera.',
  policy: 'Policy',
  calibrate: 'Look at a few places',
  ownPace: 'at my own pace',
  goOn: 'Go on',
  leaveOut: 'Leave this place out',
  skip: 'Stop looking',
  sensors: 'What is measured now',
  findings: 'What an interview would have noticed',
  nothing: 'Nothing so far.',
  going: 'still going on',
  privacy:
    'The picture stays in this browser. Numbers go to this notebook’s kernel, ' +
    'and nowhere else; nothing is recorded.'
};

const LEVELS: Record<Finding['level'], string> = {
  episode: 'Noted',
  nudge: 'Nudge, to the candidate alone',
  warning: 'Warning',
  flag: 'Flag, for people to look at'
};

const BECAUSE: Record<string, string> = {
  short: 'short, so it does not count',
  allowed: 'allowed, so it does not count',
  recorded_only: 'noted only, never counted',
  too_little_measured: 'too little could be measured, so it does not count',
  paused: 'watching was paused'
};

const SENSORS: Record<SensorState['sensor'], string> = {
  camera: 'Camera',
  focus: 'Tab and window',
  clipboard: 'Copying and pasting'
};

const STATES: Record<SensorState['state'], string> = {
  off: 'off',
  declined: 'declined',
  waiting: 'waiting',
  calibrating: 'learning how you sit',
  measuring: 'measuring',
  unmeasurable: 'cannot measure now'
};

const TARGETS: Record<Target, string> = {
  centre: 'the middle of your screen',
  top_left: 'the top left corner of your screen',
  top_right: 'the top right corner of your screen',
  bottom_right: 'the bottom right corner of your screen',
  bottom_left: 'the bottom left corner of your screen',
  keyboard: 'your keyboard',
  notes: 'where your notes lie',
  other_screen: 'your other screen'
};

export class WidgetView {
  constructor(
    private readonly _session: Session,
    root: HTMLElement
  ) {
    const node = made('section', PREFIX);
    node.setAttribute('aria-label', WORDS.label);
    this._buildPolicy();
    this._camera.addEventListener('click', this._onCamera);
    this._calibrate.addEventListener('click', this._onCalibrate);
    this._calibrate.textContent = WORDS.calibrate;
    const bar = made('div', `${PREFIX}-bar`);
    bar.append(this._camera, this._policyLabel, this._calibrate, this._paceLabel());
    this._buildLooking();
    this._log.setAttribute('role', 'log');
    this._log.setAttribute('aria-label', WORDS.findings);
    node.append(
      this._ask,
      bar,
      this._looking,
      this.check.node,
      heading(WORDS.sensors),
      this._sensors,
      this._calibration,
      heading(WORDS.findings),
      this._nothing,
      this._log
    );
    this._nothing.textContent = WORDS.nothing;
    root.append(node);
    if (this._session.stream !== null) {
      this.check.showStream(this._session.stream);
    }
    this.showTold(this._session.told);
    this.show();
  }

  readonly check = new CheckView({ privacy: WORDS.privacy });

  /** Bring the buttons up to date. */
  readonly show = (): void => {
    const { running, calibrating, model } = this._session;
    this._camera.textContent = running ? WORDS.off : WORDS.on;
    this._ask.textContent = model.get('asked') && !running ? WORDS.asked : '';
    this._calibrate.disabled = !running || calibrating;
    this._looking.hidden = !calibrating;
    this._select.value = model.get('policy');
  };

  /** Say which place to look at. */
  showStep(step: CalibrationStep): void {
    if (!('target' in step)) {
      this._place.textContent = '';
      if (this._looking.contains(document.activeElement)) {
        this._calibrate.disabled = false;
        this._calibrate.focus();
      }
      return;
    }
    const verb = step.phase === 'waiting' ? 'Next' : 'Look at';
    const count = `${step.index + 1} of ${step.count}`;
    this._place.textContent = `${verb}: ${TARGETS[step.target]} (${count})`;
    this._goOn.hidden = step.phase !== 'waiting';
  }

  /** Show what the engine in the kernel knows. */
  showTold(told: Told): void {
    this._sensors.replaceChildren(
      ...Object.values(told.sensors).flatMap(sensor => [
        made('dt', '', SENSORS[sensor.sensor]),
        made('dd', '', sensorWords(sensor))
      ])
    );
    this._calibration.textContent = told.calibration?.detail ?? '';
    this._nothing.hidden = told.findings.length > 0;
    // One item for each finding, so that a log tells only what is new in it.
    const known = new Set(told.findings.map(found => found.episode_id));
    for (const [id, item] of this._items) {
      if (!known.has(id)) {
        item.remove();
        this._items.delete(id);
      }
    }
    told.findings.forEach(found => {
      this._showFinding(found);
    });
  }

  private _showFinding(found: Finding): void {
    let item = this._items.get(found.episode_id);
    if (item === undefined) {
      item = made('li', `${PREFIX}-finding`);
      this._items.set(found.episode_id, item);
      this._log.append(item);
    }
    const words = findingWords(found);
    if (item.textContent !== words) {
      item.dataset['level'] = found.level;
      item.textContent = words;
    }
  }

  private _buildPolicy(): void {
    const { model } = this._session;
    const policies = model.get('policies');
    for (const { name, title } of policies) {
      const option = document.createElement('option');
      option.value = name;
      option.textContent = title;
      this._select.append(option);
    }
    this._select.addEventListener('change', () => {
      model.set('policy', this._select.value);
      model.save_changes();
    });
    this._policyLabel.append(`${WORDS.policy} `, this._select);
    this._policyLabel.hidden = policies.length === 0;
  }

  private _paceLabel(): HTMLElement {
    const label = made('label', `${PREFIX}-pace`);
    this._pace.type = 'checkbox';
    label.append(this._pace, ` ${WORDS.ownPace}`);
    return label;
  }

  private _buildLooking(): void {
    this._place.setAttribute('role', 'status');
    const { goOn, leaveOut, skip } = this._session;
    for (const [button, words, action] of [
      [this._goOn, WORDS.goOn, goOn],
      [made('button', `${PREFIX}-quiet`), WORDS.leaveOut, leaveOut],
      [made('button', `${PREFIX}-quiet`), WORDS.skip, skip]
    ] as const) {
      button.type = 'button';
      button.textContent = words;
      button.addEventListener('click', action);
      this._looking.append(button);
    }
    this._looking.prepend(this._place);
  }

  private readonly _onCamera = (): void => {
    if (this._session.running) {
      this._session.stop();
    } else {
      void this._session.start();
    }
  };

  private readonly _onCalibrate = (): void => {
    this._session.calibrate(this._pace.checked ? 'person' : 'clock');
    if (!this._goOn.hidden) {
      this._goOn.focus();
    }
  };

  private readonly _ask = made('p', `${PREFIX}-ask`);
  private readonly _camera = button(`${PREFIX}-button`);
  private readonly _calibrate = button(`${PREFIX}-quiet`);
  private readonly _goOn = button(`${PREFIX}-button`);
  private readonly _policyLabel = made('label', `${PREFIX}-policy`);
  private readonly _select = document.createElement('select');
  private readonly _pace = document.createElement('input');
  private readonly _looking = made('div', `${PREFIX}-looking`);
  private readonly _place = made('p', `${PREFIX}-place`);
  private readonly _sensors = made('dl', `${PREFIX}-sensors`);
  private readonly _calibration = made('p', `${PREFIX}-calibration`);
  private readonly _nothing = made('p', `${PREFIX}-nothing`);
  private readonly _log = made('ol', `${PREFIX}-log`);
  private readonly _items = new Map<string, HTMLElement>();
}

function sensorWords({ state, detail }: SensorState): string {
  return detail === '' ? STATES[state] : `${STATES[state]}. ${detail}`;
}

function findingWords(found: Finding): string {
  const parts = [`${LEVELS[found.level]}: ${found.title}`];
  if (found.ended_at === null) {
    parts.push(WORDS.going);
  } else {
    // The evidence of a flag is summed only after its cool-down; this is known now.
    const lasted_s = (Date.parse(found.ended_at) - Date.parse(found.started_at)) / 1000;
    if (lasted_s >= 1) {
      parts.push(`${lasted_s.toFixed(0)} s`);
    }
  }
  const because = BECAUSE[found.because];
  if (because !== undefined) {
    parts.push(because);
  }
  return `${timeOf(found.started_at)} ${parts.join(', ')}`;
}

function timeOf(iso: string): string {
  return new Date(iso).toLocaleTimeString();
}

function heading(words: string): HTMLElement {
  return made('h4', `${PREFIX}-heading`, words);
}

function button(className: string): HTMLButtonElement {
  const node = made('button', className);
  node.type = 'button';
  return node;
}

function made<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string,
  words = ''
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  if (className !== '') {
    node.className = className;
  }
  node.textContent = words;
  return node;
}
