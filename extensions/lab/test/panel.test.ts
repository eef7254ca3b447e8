import { describe, expect, it } from 'vitest';

import { PanelModel } from '../src/panel/model';
import { durationSeconds, durationWords, evidenceWords } from '../src/panel/words';
import type { Flag, Warning } from '../src/wire';
import { connected, trans, welcome } from './helpers';

const at = (second: number): string =>
  new Date(Date.UTC(2026, 10, 22, 13, 0, second)).toISOString();

function flag(changes: Partial<Flag> = {}): Flag {
  return {
    episode_id: 'nobody-1',
    rule: 'nobody',
    title: 'Nobody in front of the camera',
    started_at: at(0),
    flagged_at: at(4),
    ended_at: null,
    evidence: {},
    ...changes
  };
}

function warning(changes: Partial<Warning> = {}): Warning {
  return {
    episode_id: 'nobody-1',
    rule: 'nobody',
    text: 'Are you there?',
    at: at(2),
    ...changes
  };
}

describe('the panel', () => {
  it('shows what was noticed before it was opened', () => {
    const { client } = connected({ role: 'interviewer', flags: [flag()] });
    expect(new PanelModel(client).flagCount).toBe(1);
  });

  it('lists the newest first', () => {
    const { client } = connected({
      role: 'interviewer',
      flags: [
        flag({ episode_id: 'a', flagged_at: at(1) }),
        flag({ episode_id: 'b', flagged_at: at(9) })
      ],
      warnings: [warning({ episode_id: 'c', at: at(5) })]
    });
    const order = new PanelModel(client).findings.map(finding => finding.at);
    expect(order).toEqual([at(9), at(5), at(1)]);
  });

  it('lets a flag take the place of its warning', () => {
    const { client, socket } = connected({ role: 'interviewer' });
    const model = new PanelModel(client);
    socket().say({ type: 'warning', warning: warning() });
    expect(model.findings).toMatchObject([{ kind: 'warning', isOver: false }]);
    socket().say({ type: 'flag', flag: flag() });
    expect(model.findings).toMatchObject([{ kind: 'flag' }]);
    expect(model.flagCount).toBe(1);
  });

  it('takes the end of an episode without counting it twice', () => {
    const { client, socket } = connected({ role: 'interviewer' });
    const model = new PanelModel(client);
    let changes = 0;
    model.changed.connect(() => {
      changes += 1;
    });
    socket().say({ type: 'flag', flag: flag() });
    socket().say({ type: 'flag', flag: flag({ ended_at: at(8) }) });
    expect(model.flagCount).toBe(1);
    expect(model.findings).toMatchObject([{ flag: { ended_at: at(8) } }]);
    expect(changes).toBe(2);
  });

  it('says of a warning that it passed', () => {
    const { client, socket } = connected({ role: 'interviewer' });
    const model = new PanelModel(client);
    socket().say({ type: 'warning', warning: warning() });
    socket().say({ type: 'warning_cleared', episode_id: 'nobody-1' });
    expect(model.findings).toMatchObject([{ kind: 'warning', isOver: true }]);
  });

  it('calls a warning over that it did not hear itself', () => {
    const { client } = connected({ role: 'interviewer', warnings: [warning()] });
    expect(new PanelModel(client).findings).toMatchObject([{ isOver: true }]);
  });

  it('keeps a warning that holds through a reconnection', () => {
    const { client, socket } = connected({ role: 'interviewer' });
    const model = new PanelModel(client);
    socket().say({ type: 'warning', warning: warning() });
    socket().say(welcome({ role: 'interviewer', warnings: [warning()] }));
    expect(model.findings).toMatchObject([{ isOver: false }]);
  });

  it('follows sensors, people and kernel', () => {
    const { client, socket } = connected({ role: 'interviewer' });
    const model = new PanelModel(client);
    expect(model.kernel).toBeNull();
    socket().say({
      type: 'sensor',
      sensor: { sensor: 'camera', state: 'unmeasurable', detail: 'dark' }
    });
    socket().say({ type: 'kernel', state: 'busy', detail: '' });
    socket().say({
      type: 'people',
      people: [
        {
          hub_name: 'p-aaaaaaaaaa',
          display_name: 'Ada',
          initials: 'A',
          color: '#000000',
          role: 'candidate',
          present: false
        }
      ]
    });
    expect(model.sensor('camera')?.state).toBe('unmeasurable');
    expect(model.kernel?.state).toBe('busy');
    expect(model.people.map(person => person.present)).toEqual([false]);
  });
});

describe('the kernel', () => {
  it('is as the room says, also to who comes late or comes back', () => {
    const busy = { type: 'kernel', state: 'busy', detail: '' } as const;
    const { client, socket } = connected({ role: 'interviewer', kernel: busy });
    expect(new PanelModel(client).kernel?.state).toBe('busy');
    socket().say({ type: 'kernel', state: 'idle', detail: '' });
    expect(new PanelModel(client).kernel?.state).toBe('idle');
    socket().say(welcome({ role: 'interviewer' })); // a new room, without a kernel yet
    expect(new PanelModel(client).kernel).toBeNull();
  });
});

describe('how long', () => {
  it('runs on while it lasts', () => {
    const now = Date.parse(at(18));
    expect(durationSeconds(flag({ evidence: { duration_s: 4 } }), now)).toBe(18);
  });

  it('is the measured time once it is over', () => {
    const over = flag({ ended_at: at(30), evidence: { duration_s: 9.2 } });
    expect(durationSeconds(over, Date.parse(at(59)))).toBe(9.2);
  });

  it('is what the clock says when nothing was measured', () => {
    expect(durationSeconds(flag({ ended_at: at(7) }), Date.parse(at(59)))).toBe(7);
  });

  it.each([
    [4.4, '4 s'],
    [59.6, '1 min 00 s'],
    [65, '1 min 05 s'],
    [600, '10 min 00 s']
  ])('%f s reads %s', (value, words) => {
    expect(durationWords(value, trans)).toBe(words);
  });
});

describe('the evidence in words', () => {
  it.each([
    [{ faces: 2 }, ['2 faces']],
    [{ chars: 1 }, ['1 character']],
    // As in geometry.py: yaw + is to the picture's right, pitch + is the nose down.
    [{ yaw_deg: -34.6, pitch_deg: -3.2 }, ['head turned 35° aside', '3° up']],
    [{ yaw_deg: 34.6, pitch_deg: 41 }, ['head turned 35° aside', '41° down']],
    [{ yaw_deg: 22, pitch_deg: 0.2 }, ['head turned 22° aside']],
    [{ state: 'lost' }, ['camera: lost']],
    [{ parts: 1, measured_share: 1 }, []],
    [{ parts: 2, measured_share: 0.934 }, ['in 2 parts', 'measured 93 % of that time']],
    [{ claimed_by: 'browser', duration_s: 5 }, []]
  ])('%j', (evidence, words) => {
    expect(evidenceWords(evidence as Flag['evidence'], trans)).toEqual(words);
  });
});
