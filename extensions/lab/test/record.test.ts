import { describe, expect, it } from 'vitest';

import { entriesOf, RecordModel } from '../src/record/model';
import {
  calibrationWords,
  frameWords,
  outcomeWords,
  rateWords
} from '../src/record/words';
import type { Episode, Flag, Frame, Warning } from '../src/wire';
import { connected, trans, welcome } from './helpers';

const at = (second: number): string =>
  new Date(Date.UTC(2026, 10, 23, 13, 0, second)).toISOString();

function warning(episode: string, second: number): Warning {
  return {
    episode_id: episode,
    rule: 'nobody',
    text: 'Are you there?',
    at: at(second)
  };
}

function flag(episode: string, second: number): Flag {
  return {
    episode_id: episode,
    rule: 'nobody',
    title: 'Nobody in front of the camera',
    started_at: at(second),
    flagged_at: at(second + 9),
    ended_at: null,
    evidence: { duration_s: 9 }
  };
}

function episode(id: string, second: number, because: Episode['because']): Episode {
  return {
    episode_id: id,
    rule: 'tab_hidden',
    title: 'Tab hidden',
    started_at: at(second),
    ended_at: at(second + 3),
    because,
    evidence: { duration_s: 3 }
  };
}

describe('the candidate’s own log', () => {
  it('has each finding once, with how far it went, newest first', () => {
    const entries = entriesOf(
      welcome({
        nudges: [warning('a', 1), warning('b', 5)],
        warnings: [warning('a', 3)],
        flags: [flag('a', 0), flag('c', 20)],
        episodes: [episode('d', 30, 'allowed')]
      })
    );
    expect(entries.map(each => [each.episodeId, each.outcome, each.at])).toEqual([
      ['d', 'allowed', at(30)],
      ['c', 'flag', at(20)],
      ['b', 'nudge', at(5)],
      ['a', 'flag', at(1)]
    ]);
  });

  it('lets the end of a warned episode say why it does not count', () => {
    const entries = entriesOf(
      welcome({ warnings: [warning('a', 3)], episodes: [episode('a', 1, 'short')] })
    );
    expect(entries).toMatchObject([{ episodeId: 'a', outcome: 'short' }]);
  });

  it('follows what the room says, and puts each answer beside its finding', () => {
    const { client, socket } = connected();
    const model = new RecordModel(client);
    let changes = 0;
    model.changed.connect(() => {
      changes += 1;
    });
    socket().say({ type: 'nudge', nudge: warning('a', 1) });
    socket().say({ type: 'warning', warning: warning('a', 2) });
    socket().say({ type: 'flag', flag: flag('a', 0) });
    model.comment('a', 'I fetched water.');
    model.comment(null, 'Thank you.');
    expect(socket().sent.slice(1)).toMatchObject([
      { event: { name: 'comment', episode_id: 'a', text: 'I fetched water.' } },
      { event: { name: 'comment', text: 'Thank you.' } }
    ]);
    expect(model.comments).toEqual([]); // it is in the record when the room says so
    for (const episode_id of ['a', null]) {
      const comment = { episode_id, text: 'Said.', at: at(9) };
      socket().say({ type: 'comment', comment });
    }
    expect(model.entries).toMatchObject([
      { outcome: 'flag', comments: [{ text: 'Said.' }] }
    ]);
    expect(model.comments).toHaveLength(1);
    expect(changes).toBe(5);
  });
});

describe('the room as it stands', () => {
  it('keeps calibration, but not a practised one, and what is allowed', () => {
    const { client, socket } = connected();
    const taken = { state: 'taken', quality: 'fair', detail: '', frames: 60 } as const;
    socket().say({ type: 'calibration', calibration: { ...taken, rehearsal: true } });
    expect(client.welcome?.calibration).toBeNull();
    socket().say({ type: 'calibration', calibration: taken });
    expect(client.welcome?.calibration?.quality).toBe('fair');
    const watching = { paused: true, paused_by: 'p-b', allows: ['ai' as const] };
    socket().say({ type: 'watching', watching });
    expect(client.welcome?.watching).toEqual(watching);
  });
});

describe('what is measured, in words', () => {
  const frame: Frame = {
    at_ms: 1,
    faces: 1,
    box: [0.3, 0.3, 0.26, 0.4],
    luma_mean: 124.4,
    luma_std: 64,
    frame_diff: 1.26,
    inference_ms: 20
  };

  it('are numbers that a person can follow', () => {
    expect(frameWords(frame, trans)).toEqual([
      '1 face',
      'brightness 124 of 255',
      'contrast 64',
      'movement 1.3',
      'the face takes 26 % of the width'
    ]);
  });

  it('tell somebody without a readable face from nobody', () => {
    const faceless: Frame = { ...frame, faces: 0 };
    delete faceless.box;
    expect(frameWords({ ...faceless, person: 0.9 }, trans)[0]).toMatch('somebody');
    expect(frameWords({ ...faceless, person: 0.05 }, trans)[0]).toBe('nobody found');
    expect(frameWords(faceless, trans)[0]).toBe('0 faces');
  });

  it('say that a slow device measures less often', () => {
    expect(rateWords(9.96, trans)).toBe('10 times a second');
    expect(rateWords(4, trans)).toBe('4 times a second');
    expect(rateWords(2, trans)).toMatch(/^2 times a second: this device is busy/);
    expect(rateWords(null, trans)).toBe('Not measured yet');
  });

  it('blame nobody', () => {
    const all = (
      [
        'nudge',
        'warning',
        'flag',
        'short',
        'allowed',
        'recorded_only',
        'paused'
      ] as const
    ).map(outcome => outcomeWords(outcome, trans));
    expect(new Set(all).size).toBe(all.length);
    expect(all.join(' ')).not.toMatch(/cheat|suspicious|violation|strike/i);
    expect(calibrationWords(null, trans)).toMatch(/^Not taken/);
  });

  it('tell that a hint stays in the record', () => {
    expect(outcomeWords('nudge', trans)).toMatch(/stays in the record/);
  });
});
