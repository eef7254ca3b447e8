import { describe, expect, it, vi } from 'vitest';

import { checkSignature } from '../src/witness/checkpoints';
import { signedBytes, verifySignature } from '../src/witness/signing';
import { WitnessStore } from '../src/witness/store';
import type { IPlace } from '../src/witness/store';
import { usableSubtle } from '../src/witness/support';
import { verifyConsistency } from '../src/witness/tree';
import { UNPROVEN_MS, Witness } from '../src/witness/witness';
import type { Proof } from '../src/witness/witness';
import type { CheckpointMessage, WitnessReport } from '../src/wire';
import { INTERVIEW, leaves, proof, root, SigningRoom } from './ledger';

const { subtle } = globalThis.crypto;

const head = (of: Buffer[]): { size: number; root: string } => ({
  size: of.length,
  root: root(of).toString('hex')
});

function replaced<T>(of: readonly T[], at: number, ...by: T[]): T[] {
  return [...of.slice(0, at), ...by, ...of.slice(at + 1)];
}

describe('a consistency proof', () => {
  it('shows that a record went on, at every size', async () => {
    for (let second = 1; second <= 40; second += 1) {
      const all = leaves(second);
      for (let first = 1; first <= second; first += 1) {
        const path = proof(first, all);
        const [older, newer] = [head(all.slice(0, first)), head(all)];
        expect(await verifyConsistency(older, newer, path, subtle)).toBe(true);
      }
    }
  });

  it('shows nothing of another record, at any size', async () => {
    for (let second = 2; second <= 24; second += 1) {
      const all = leaves(second);
      for (let first = 1; first < second; first += 1) {
        const older = head([...leaves(first - 1), ...leaves(1, 'b')]);
        const path = proof(first, all);
        expect(await verifyConsistency(older, head(all), path, subtle)).toBe(false);
      }
    }
  });

  it('fails with one hash more, less, other or in another place', async () => {
    const all = leaves(21);
    const [older, newer] = [head(all.slice(0, 13)), head(all)];
    const path = proof(13, all);
    const other = 'ab'.repeat(32);
    const forged = [
      [],
      path.slice(1),
      path.slice(0, -1),
      [...path, other],
      [other, ...path],
      [...path].reverse(),
      ...path.map((_, at) => replaced(path, at, other)),
      path.map(hash => hash.toUpperCase()),
      path.map(hash => hash.slice(2))
    ];
    for (const each of forged) {
      expect(await verifyConsistency(older, newer, each, subtle)).toBe(false);
    }
  });

  it.each([
    [{ size: 0, root: '0'.repeat(64) }],
    [{ size: 2 ** 53, root: '0'.repeat(64) }],
    [{ size: 1.5, root: '0'.repeat(64) }],
    [{ size: 3, root: 'no hash' }]
  ])('is refused for a head that is none: %j', async older => {
    expect(await verifyConsistency(older, head(leaves(8)), [], subtle)).toBe(false);
  });

  it('holds beyond 32 bits of size', async () => {
    // A record of 2**40 equal leaves: each level has one hash, so both heads are cheap.
    const { createHash } = await import('node:crypto');
    const level: Buffer[] = [Buffer.alloc(32, 7)];
    for (let at = 1; at <= 41; at += 1) {
      const below = level[at - 1] ?? Buffer.alloc(0);
      const bytes = Buffer.concat([Buffer.from([1]), below, below]);
      level.push(createHash('sha256').update(bytes).digest());
    }
    const hex = (at: number): string => level[at]?.toString('hex') ?? '';
    const older = { size: 2 ** 40, root: hex(40) };
    const newer = { size: 2 ** 41, root: hex(41) };
    expect(await verifyConsistency(older, newer, [hex(40)], subtle)).toBe(true);
    expect(await verifyConsistency(older, newer, [hex(39)], subtle)).toBe(false);
  });
});

describe('a signature', () => {
  it('holds for what was signed, in whatever order it came', async () => {
    const room = new SigningRoom(leaves(3));
    const { signature, ...body } = room.checkpoint();
    const turned = Object.fromEntries(Object.entries(body).reverse());
    const key = room.publicKey.toString('hex');
    expect(await verifySignature(key, 'checkpoint', turned, signature, subtle)).toBe(
      true
    );
  });

  it('is none for another domain, body or key, and none when misshapen', async () => {
    const room = new SigningRoom(leaves(3));
    const { signature, ...body } = room.checkpoint();
    const key = room.publicKey.toString('hex');
    const other = new SigningRoom([], 2).publicKey.toString('hex');
    const longer = { ...body, size: 4 };
    const tries = [
      verifySignature(key, 'certificate', body, signature, subtle),
      verifySignature(key, 'checkpoint', longer, signature, subtle),
      verifySignature(other, 'checkpoint', body, signature, subtle),
      verifySignature(key.slice(2), 'checkpoint', body, signature, subtle),
      verifySignature(key, 'checkpoint', body, signature.slice(2), subtle),
      verifySignature('f'.repeat(64), 'checkpoint', body, signature, subtle),
      verifySignature(key, 'checkpoint', { a: '\ud800' }, signature, subtle)
    ];
    expect(await Promise.all(tries)).toEqual(tries.map(() => false));
  });

  it('is over the canonical text', () => {
    const bytes = signedBytes('checkpoint', { b: null, a: 'ö\n€', aa: 10 });
    expect(new TextDecoder().decode(bytes ?? undefined)).toBe(
      'nbinterview checkpoint\n{"a":"ö\\n€","aa":10,"b":null}'
    );
  });

  it('is not asked for where the browser cannot check one', async () => {
    expect(await usableSubtle(undefined)).toBeNull();
    expect(await usableSubtle({})).toBeNull();
    const old = {
      digest: subtle.digest.bind(subtle),
      verify: subtle.verify.bind(subtle),
      importKey: () => Promise.reject(new Error('NotSupportedError'))
    } as unknown as SubtleCrypto;
    expect(await usableSubtle({ subtle: old })).toBeNull();
    expect(await usableSubtle(globalThis.crypto)).toBe(subtle);
  });
});

describe('a checkpoint', () => {
  it('is its room’s by the certified key alone', async () => {
    const room = new SigningRoom(leaves(5));
    const shown = room.shows();
    const other = new SigningRoom(leaves(5), 2);
    const forged = { ...shown.checkpoint, signature: other.checkpoint().signature };
    const foreign = { ...room.certificate, interview: 'another' };
    const answers = [
      shown,
      { ...shown, certificate: null },
      { ...shown, certificate: other.certificate },
      { ...shown, checkpoint: forged },
      { ...shown, certificate: foreign }
    ].map(message => checkSignature(message, subtle));
    expect(await Promise.all(answers)).toEqual([
      'signed',
      'uncertified',
      'uncertified',
      'forged',
      'forged'
    ]);
  });
});

type Report = Omit<WitnessReport, 'type'>;

interface ISeat {
  witness: Witness;
  reports: Report[];
  asked: [number, number][];
  /** What the panel's browser keeps. */
  place: IPlace;
  clock: { nowMs: number };
  sees: (message: CheckpointMessage) => Promise<void>;
}

/** A witness whose room answers from `room.record`. */
function seat(
  room: { record: Buffer[] },
  changes: {
    place?: IPlace;
    answer?: () => Promise<Proof>;
    isAway?: () => boolean;
  } = {}
): ISeat {
  const reports: Report[] = [];
  const asked: [number, number][] = [];
  const clock = { nowMs: Date.UTC(2026, 10, 23, 16) };
  const place = changes.place ?? memory();
  const witness = new Witness({
    subtle,
    store: new WitnessStore(place, 'w'),
    askForProof: (first, second) => {
      asked.push([first, second]);
      return (
        changes.answer?.() ??
        Promise.resolve(
          second > room.record.length
            ? 'refused'
            : { path: proof(first, room.record.slice(0, second)) }
        )
      );
    },
    report: report => {
      if (changes.isAway?.() === true) {
        return false;
      }
      reports.push(report);
      return true;
    },
    nowMs: () => clock.nowMs
  });
  return {
    witness,
    reports,
    asked,
    place,
    clock,
    sees: async message => {
      witness.show(message);
      await witness.settled();
    }
  };
}

function memory(): IPlace & { items: Map<string, string> } {
  const items = new Map<string, string>();
  return {
    items,
    getItem: name => items.get(name) ?? null,
    setItem: (name, value) => {
      items.set(name, value);
    }
  };
}

describe('a witness', () => {
  it('follows a record that goes on', async () => {
    const room = new SigningRoom(leaves(3));
    const { witness, sees, asked, reports } = seat(room);
    expect(witness.standing).toEqual({ state: 'waiting' });
    for (const size of [3, 4, 9, 9, 30]) {
      room.record = leaves(size);
      await sees(room.shows());
      expect(witness.standing).toMatchObject({
        state: 'witnessed',
        seen: { checkpoint: { size } }
      });
      expect(witness.signed).toBe('signed');
    }
    expect(asked).toEqual([
      [3, 4],
      [4, 9],
      [9, 30]
    ]);
    expect(reports).toEqual([]);
  });

  it('goes on from what it saw before a reload', async () => {
    const room = new SigningRoom(leaves(3));
    const before = seat(room);
    await before.sees(room.shows());
    const after = seat(room, { place: before.place });
    expect(after.witness.standing).toMatchObject({ state: 'witnessed' });
    room.record = leaves(7);
    await after.sees(room.shows());
    expect(after.asked).toEqual([[3, 7]]);
  });

  it.each([
    ['cut back', leaves(5), 'shorter'],
    ['cut back and gone on otherwise', [...leaves(5), ...leaves(9, 'b')], 'changed'],
    ['changed in one record', replaced(leaves(9), 4, ...leaves(1, 'b')), 'other'],
    ['changed at its start and grown', [...leaves(1, 'b'), ...leaves(11)], 'changed']
  ])('says so when a record was %s and signed again', async (_, rewritten, why) => {
    const room = new SigningRoom(leaves(9));
    const { witness, sees, reports, place } = seat(room);
    await sees(room.shows());
    const seen = room.checkpoint();
    room.record = rewritten;
    await sees(room.shows());
    expect(witness.standing).toMatchObject({ state: 'broken', broken: { why } });
    const shown = room.checkpoint();
    expect(reports).toMatchObject([
      {
        state: 'broken',
        seen: { size: 9, root: seen.root },
        shown: { size: shown.size, root: shown.root }
      }
    ]);
    // It stays, over reloads and whatever is shown after it, and is told once.
    room.record = leaves(9);
    await sees(room.shows());
    const again = seat(room, { place });
    again.witness.reached();
    await again.sees(room.shows());
    expect(again.witness.standing).toMatchObject({ state: 'broken', broken: { why } });
    expect([...reports, ...again.reports]).toHaveLength(1);
  });

  it('tells a break later when the room cannot be reached', async () => {
    const room = new SigningRoom(leaves(9));
    let isAway = true;
    const { witness, sees, reports } = seat(room, { isAway: () => isAway });
    await sees(room.shows());
    room.record = leaves(4);
    await sees(room.shows());
    expect(reports).toEqual([]);
    isAway = false;
    witness.reached();
    expect(reports).toHaveLength(1);
    witness.reached();
    expect(reports).toHaveLength(1);
  });

  it('takes an older checkpoint of the same record for what it is', async () => {
    const room = new SigningRoom(leaves(9));
    const { witness, sees, reports } = seat(room);
    await sees(room.shows());
    await sees(room.shows(6));
    expect(reports).toEqual([]);
    expect(witness.standing).toMatchObject({ seen: { checkpoint: { size: 9 } } });
  });

  it('accuses nobody while no proof comes, and says so after a while', async () => {
    vi.useFakeTimers();
    vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    const room = new SigningRoom(leaves(4));
    let isAway = false;
    const { witness, sees, reports, clock } = seat(room, {
      answer: () =>
        isAway
          ? Promise.reject(new Error('503'))
          : Promise.resolve({ path: proof(4, room.record) })
    });
    await sees(room.shows());
    isAway = true;
    room.record = leaves(6);
    await sees(room.shows());
    expect(witness.standing).toMatchObject({ state: 'witnessed' });
    clock.nowMs += UNPROVEN_MS;
    await vi.runOnlyPendingTimersAsync();
    await witness.settled();
    expect(witness.standing).toMatchObject({ state: 'unproven' });
    expect(reports).toEqual([]);
    isAway = false;
    await vi.runOnlyPendingTimersAsync();
    await witness.settled();
    expect(witness.standing).toMatchObject({
      state: 'witnessed',
      seen: { checkpoint: { size: 6 } }
    });
    witness.dispose();
    vi.restoreAllMocks();
    vi.useRealTimers();
  });

  it('keeps nothing of a checkpoint that the room’s key did not sign', async () => {
    const room = new SigningRoom(leaves(4));
    const { witness, sees, reports } = seat(room);
    await sees(room.shows());
    const other = new SigningRoom(leaves(9, 'b'), 2);
    const { signature } = other.checkpoint();
    await sees({
      ...room.shows(),
      checkpoint: { ...other.checkpoint(), key_id: room.keyId, signature }
    });
    expect(witness.standing).toMatchObject({
      state: 'witnessed',
      seen: { checkpoint: { size: 4 } }
    });
    expect(witness.signed).toBe('forged');
    expect(reports).toEqual([]);
  });

  it('holds a record to what it saw before its key was certified', async () => {
    const room = new SigningRoom(leaves(4));
    const { witness, sees } = seat(room);
    await sees({ ...room.shows(), certificate: null });
    expect(witness.signed).toBe('uncertified');
    const other = new SigningRoom(leaves(8, 'b'), 2);
    room.record = other.record;
    await sees(other.shows());
    expect(witness.standing).toMatchObject({ state: 'broken' });
  });

  it('compares with what another tab of this browser saw', async () => {
    const room = new SigningRoom(leaves(4));
    const place = memory();
    const [one, other] = [seat(room, { place }), seat(room, { place })];
    await one.sees(room.shows());
    room.record = leaves(12);
    await other.sees(room.shows());
    room.record = leaves(8);
    await one.sees(room.shows());
    expect(one.witness.standing).toMatchObject({
      state: 'broken',
      broken: { why: 'shorter', seen: { checkpoint: { size: 12 } } }
    });
  });

  it.each(['', 'null', '{}', '[]', '{"seen":{"checkpoint":{}},"broken":null}'])(
    'begins anew when what the browser kept is damaged: %j',
    async text => {
      const place = memory();
      place.setItem('w', text);
      const room = new SigningRoom(leaves(4));
      const { witness, sees } = seat(room, { place });
      await sees(room.shows());
      expect(witness.standing).toMatchObject({ state: 'witnessed' });
    }
  );

  it('holds on this page where the browser keeps nothing', async () => {
    const place: IPlace = {
      getItem: () => {
        throw new Error('SecurityError');
      },
      setItem: () => {
        throw new Error('QuotaExceededError');
      }
    };
    vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    const room = new SigningRoom(leaves(4));
    const { witness, sees } = seat(room, { place });
    await sees(room.shows());
    room.record = leaves(2);
    await sees(room.shows());
    expect(witness.standing).toMatchObject({ state: 'broken' });
    vi.restoreAllMocks();
  });

  it('sees nothing in a record that is empty', async () => {
    const room = new SigningRoom([]);
    const { witness, sees } = seat(room);
    await sees(room.shows());
    expect(witness.standing).toEqual({ state: 'waiting' });
    expect(room.checkpoint().interview).toBe(INTERVIEW);
  });
});
