/** Numbers as an interviewer reads them. */

import type { TranslationBundle } from '@jupyterlab/translation';

import type { Flag, Rule } from '../wire';

/** Rules about a moment, which has no duration and is never still going on. */
const MOMENTS: readonly Rule[] = [
  'external_paste',
  'unexplained_text',
  'network_attempt',
  'process_attempt'
];

/** Whether a rule is about a moment. */
export function isMoment(rule: Rule): boolean {
  return MOMENTS.includes(rule);
}

/** How long a flag's episode lasted, or lasts so far, in seconds. */
export function durationSeconds(flag: Flag, nowMs: number): number {
  const said = flag.evidence['duration_s'];
  if (flag.ended_at !== null && typeof said === 'number') {
    return said;
  }
  const end = flag.ended_at === null ? nowMs : Date.parse(flag.ended_at);
  return Math.max(0, (end - Date.parse(flag.started_at)) / 1000);
}

/** A duration as a clock shows it: `4 s`, `1 min 05 s`. */
export function durationWords(value_s: number, trans: TranslationBundle): string {
  const whole = Math.round(value_s);
  if (whole < 60) {
    return trans.__('%1 s', whole);
  }
  const rest = String(whole % 60).padStart(2, '0');
  return trans.__('%1 min %2 s', Math.floor(whole / 60), rest);
}

/** What was seen, one statement each. Keys without words of their own are left out. */
export function evidenceWords(
  evidence: Flag['evidence'],
  trans: TranslationBundle
): string[] {
  const said: string[] = [];
  const number = (key: string, words: (value: number) => string): void => {
    const value = evidence[key];
    if (typeof value === 'number') {
      said.push(words(value));
    }
  };
  number('faces', faces => trans._n('%1 face', '%1 faces', faces));
  number('chars', chars => trans._n('%1 character', '%1 characters', chars));
  number('yaw_deg', degrees =>
    trans.__('head turned %1° aside', Math.abs(Math.round(degrees)))
  );
  number('pitch_deg', degrees => {
    const whole = Math.round(degrees);
    if (whole === 0) {
      return '';
    }
    // As measured (geometry.py), + is the nose down.
    return whole > 0 ? trans.__('%1° down', whole) : trans.__('%1° up', -whole);
  });
  if (typeof evidence['state'] === 'string') {
    said.push(trans.__('camera: %1', evidence['state']));
  }
  number('parts', parts => (parts > 1 ? trans.__('in %1 parts', parts) : ''));
  number('measured_share', share =>
    share < 0.995 ? trans.__('measured %1 % of that time', Math.round(share * 100)) : ''
  );
  const doing = doingWords(evidence['doing'], trans);
  said.push(doing);
  if (evidence['repeat'] === true) {
    said.push(trans.__('several times'));
  }
  return said.filter(words => words !== '');
}

/** What happened in the notebook meanwhile. */
function doingWords(
  doing: Flag['evidence'][string] | undefined,
  trans: TranslationBundle
): string {
  switch (doing) {
    case 'typing':
      return trans.__('while typing');
    case 'running':
      return trans.__('while code ran');
    case 'thinking':
      return trans.__('just after a run');
    case 'idle':
      return trans.__('nothing going on in the notebook');
    default:
      return '';
  }
}
