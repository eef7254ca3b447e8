import { describe, expect, it } from 'vitest';

import { linesOf } from '../src/panel/findings';
import { PanelModel } from '../src/panel/model';
import { newsWords, pagesWords } from '../src/panel/news';
import { gapSeconds, ProofModel, unprovedSeconds } from '../src/panel/proof';
import { alarmsOf, causeWords } from '../src/panel/trustwords';
import { receiptName, receiptOf, receiptText } from '../src/witness/receipt';
import type { Gap, StorageMessage } from '../src/wire';
import { connected, trans, welcome } from './helpers';
import { leaves, SigningRoom } from './ledger';

const at = (second: number): string =>
  new Date(Date.UTC(2026, 10, 23, 16, 0, second)).toISOString();

function gap(changes: Partial<Gap> = {}): Gap {
  return {
    gap_id: 'g1',
    state: 'began',
    started_at: at(10),
    ended_at: null,
    cause: 'unknown',
    detail: '',
    ...changes
  };
}

function storage(changes: Partial<StorageMessage> = {}): StorageMessage {
  return { type: 'storage', state: 'failing', detail: '', waiting: 0, ...changes };
}

const CAUSES: Gap['cause'][] = [
  'hidden',
  'frozen',
  'offline',
  'worker',
  'camera',
  'reloaded',
  'second_tab',
  'stopped',
  'room',
  'unknown'
];

describe('proof of watching', () => {
  it('is missing from the room’s word on, and the end takes the place of the beginning', () => {
    const { client, socket } = connected({ role: 'interviewer' });
    const proof = new ProofModel(client);
    let changes = 0;
    proof.changed.connect(() => {
      changes += 1;
    });
    socket().say({ type: 'gap', gap: gap() });
    expect(proof.openGap).toMatchObject({ cause: 'unknown' });
    const ended = gap({ state: 'ended', ended_at: at(25), cause: 'offline' });
    socket().say({ type: 'gap', gap: ended });
    expect(proof.openGap).toBeNull();
    expect(proof.gaps).toEqual([ended]);
    expect(changes).toBe(2);
  });

  it('is told of to who comes late, and again after a lost connection', () => {
    const before = gap({ gap_id: 'g0', started_at: at(1), ended_at: at(4) });
    const { client, socket } = connected({ role: 'interviewer', gaps: [before] });
    const proof = new ProofModel(client);
    expect(proof.gaps).toEqual([before]);
    socket().say(welcome({ role: 'interviewer', gaps: [before, gap()] }));
    expect(proof.gaps.map(({ gap_id }) => gap_id)).toEqual(['g1', 'g0']);
  });

  it('is missing altogether before it is missing of the camera', () => {
    const camera = gap({ gap_id: 'g2', started_at: at(12), cause: 'camera' });
    const { client } = connected({ role: 'interviewer', gaps: [gap(), camera] });
    expect(new ProofModel(client).openGap).toMatchObject({ gap_id: 'g1' });
  });

  it('is not known while this page itself is cut off', () => {
    const { client, socket } = connected({ role: 'interviewer' });
    const proof = new ProofModel(client);
    expect(proof.isConnected).toBe(true);
    socket().lose();
    expect(proof.isConnected).toBe(false);
    expect(proof.hasEnded).toBe(false);
    client.dispose();
  });

  it('is not asked for after the end', () => {
    const { client, socket } = connected({ role: 'interviewer' });
    const proof = new ProofModel(client);
    socket().say({ type: 'state', state: 'ended' });
    expect(proof.hasEnded).toBe(true);
  });

  it('is missing for so long', () => {
    const gaps = [gap({ ended_at: at(14) }), gap({ gap_id: 'g2', started_at: at(20) })];
    const nowMs = Date.parse(at(23));
    expect(gaps.map(each => gapSeconds(each, nowMs))).toEqual([4, 3]);
    expect(unprovedSeconds(gaps, nowMs)).toBe(7);
    const inside = gap({ started_at: at(11), ended_at: at(13), cause: 'camera' });
    const across = gap({ started_at: at(12), ended_at: at(16), cause: 'camera' });
    expect(unprovedSeconds([across, ...gaps, inside], nowMs)).toBe(9);
    // The two clocks may differ.
    expect(gapSeconds(gap(), Date.parse(at(5)))).toBe(0);
  });

  it('has its gaps among what was noticed, by time', () => {
    const { client, socket } = connected({ role: 'interviewer' });
    const [model, proof] = [new PanelModel(client), new ProofModel(client)];
    socket().say({ type: 'gap', gap: gap() });
    for (const second of [5, 15]) {
      socket().say({
        type: 'flag',
        flag: {
          episode_id: `e${second}`,
          rule: 'nobody',
          title: 'Nobody in front of the camera',
          started_at: at(second),
          flagged_at: at(second),
          ended_at: null,
          evidence: {}
        }
      });
    }
    expect(linesOf(model, proof).map(line => line.at)).toEqual([at(15), at(10), at(5)]);
  });

  it.each(CAUSES)('names its cause in words: %s', cause => {
    const words = causeWords(cause, trans);
    expect(words).toMatch(/^[a-z].*[a-z]$/);
    const line = { kind: 'gap', at: at(10), gap: gap({ cause }) } as const;
    expect(newsWords(line, trans)).toBe(`No proof of watching: ${words}.`);
  });

  it('is read out when it is there again, and nothing at first', () => {
    const ended = gap({ state: 'ended', ended_at: at(25) });
    expect(newsWords({ kind: 'gap', at: at(10), gap: ended }, trans)).toBe(
      'Proof of watching again.'
    );
    expect(newsWords(null, trans)).toBe('');
  });
});

describe('the candidate’s pages', () => {
  it('are worth a word when there are several', () => {
    const { client, socket } = connected({
      role: 'interviewer',
      lease: { active: true, pages: 1 }
    });
    const proof = new ProofModel(client);
    expect(pagesWords(proof.lease, trans)).toBe('');
    socket().say({
      type: 'lease',
      active: true,
      pages: 2,
      state: 'second',
      at: at(3)
    });
    expect(pagesWords(proof.lease, trans)).toContain('2 pages open');
  });
});

describe('an alarm', () => {
  it('comes and goes with the room’s storage', () => {
    const { client, socket } = connected({ role: 'interviewer' });
    const proof = new ProofModel(client);
    const now = (): string[] =>
      alarmsOf(proof.storage, null, trans).map(({ short }) => short);
    expect(now()).toEqual([]);
    socket().say(storage({ detail: 'The disk is full.', waiting: 14 }));
    expect(now()).toEqual(['Not being saved']);
    expect(alarmsOf(proof.storage, null, trans)[0]?.text).toBe(
      'The disk is full. 14 entries wait.'
    );
    // Something else than the disk: the service holds another record, say.
    socket().say(storage({ detail: 'It holds another one.' }));
    expect(now()).toEqual(['Trouble with the record']);
    socket().say(storage({ state: 'ok' }));
    expect(now()).toEqual([]);
  });

  it('is there for who comes while it holds', () => {
    const failing = storage({ waiting: 1 });
    const { client } = connected({ role: 'interviewer', storage: failing });
    expect(new ProofModel(client).storage).toEqual(failing);
  });

  it.each([
    ['near_quota', 'hint'],
    ['full', 'alarm'],
    ['failing', 'alarm']
  ] as const)('tells %s as %s', (state, tone) => {
    expect(alarmsOf(storage({ state }), null, trans)).toMatchObject([
      { id: 'storage', tone }
    ]);
  });

  it('says of a changed record what does not fit, before all else', () => {
    const room = new SigningRoom(leaves(9));
    const seen = room.shows();
    const shown = room.shows(4);
    const broken = { why: 'shorter', seen, shown, at: at(1), isTold: true } as const;
    const alarms = alarmsOf(storage(), { state: 'broken', broken }, trans);
    expect(alarms.map(({ id }) => id)).toEqual(['witness', 'storage']);
    expect(alarms[0]?.text).toMatch(/^It is shorter now than it was\. /);
  });
});

describe('what a witness saw, as a file', () => {
  it('is a receipt', () => {
    const seen = new SigningRoom(leaves(9)).shows();
    const receipt = receiptOf(seen);
    expect(receipt).toEqual({
      format: 1,
      interview: 'abcdefghij',
      checkpoint: seen.checkpoint,
      certificate: seen.certificate,
      countersignature: null,
      platform_keys: []
    });
    expect(JSON.parse(receiptText(receipt))).toEqual(receipt);
    expect(receiptName(receipt)).toBe('receipt-abcdefghij-9.json');
  });

  it('takes the service’s signature along if it is of this very head', () => {
    const seen = new SigningRoom(leaves(9)).shows();
    const { root } = seen.checkpoint;
    const [of9, of7] = [9, 7].map(size => ({
      format: 1 as const,
      interview: 'abcdefghij',
      size,
      root,
      time: at(0),
      platform_key_id: '0'.repeat(16),
      signature: '0'.repeat(128)
    }));
    expect(receiptOf({ ...seen, countersignature: of9 })).toMatchObject({
      countersignature: of9
    });
    expect(receiptOf({ ...seen, countersignature: of7 }).countersignature).toBeNull();
  });

  it('has a name without what a room could put into it', () => {
    const receipt = receiptOf(new SigningRoom(leaves(1)).shows());
    expect(receiptName({ ...receipt, interview: '../../etc/passwd' })).toBe(
      'receipt-etcpasswd-1.json'
    );
  });
});
