import { Signal } from '@lumino/signaling';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { IStanding } from '../src/custody/standing';
import { RoomModel } from '../src/room/model';
import { size, STALE_MS, uses } from '../src/room/usage';
import type { ICustody } from '../src/tokens';
import type { UsageMessage } from '../src/wire';
import { connected, trans } from './helpers';

const MIB = 1024 * 1024;

function usage(changes: Partial<UsageMessage> = {}): UsageMessage {
  return {
    type: 'usage',
    cpu_share: 0.5,
    cpu_limit: 1,
    memory_bytes: 212 * MIB,
    memory_limit_bytes: 1024 * MIB,
    disk_bytes: 3 * MIB,
    disk_limit_bytes: 160 * MIB,
    ...changes
  };
}

describe('what the kernel uses, in words', () => {
  it('says all three with their limits', () => {
    const found = uses(usage(), trans);
    expect(found.map(({ name, value }) => `${name} ${value}`)).toEqual([
      'CPU 50 %',
      'Memory 212 MB of 1 GB',
      'Disk 3 MB of 160 MB'
    ]);
    expect(found.every(({ hint }) => hint === null)).toBe(true);
    expect(found[1]?.words).toBe('Python uses 212 MB of 1 GB of memory.');
  });

  it('leaves out what was not measured', () => {
    const found = uses(usage({ cpu_share: null, disk_bytes: null }), trans);
    expect(found.map(({ what }) => what)).toEqual(['memory']);
  });

  it('says no limit where none is set', () => {
    const [cpu, memory] = uses(
      usage({ cpu_share: 1.5, cpu_limit: null, memory_limit_bytes: null }),
      trans
    );
    expect(cpu.value).toBe('150 %');
    expect(cpu.words).toBe('Python uses 150 percent of a processor.');
    expect(memory.value).toBe('212 MB');
    expect(memory.hint).toBeNull();
  });

  it.each([
    [921 * MIB, false],
    [922 * MIB, true],
    [1024 * MIB, true]
  ])('warns when memory is nearly full: %d', (memory_bytes, isNear) => {
    const [, memory] = uses(usage({ memory_bytes }), trans);
    expect(memory.hint !== null).toBe(isNear);
  });

  it('never warns of a busy processor', () => {
    const [cpu] = uses(usage({ cpu_share: 1 }), trans);
    expect(cpu.hint).toBeNull();
  });

  it.each([
    [0, '0 MB'],
    [999 * MIB, '999 MB'],
    [1024 * MIB, '1 GB'],
    [1536 * MIB, '1.5 GB']
  ])('writes %d bytes as %s', (bytes, words) => {
    expect(size(bytes, trans)).toBe(words);
  });
});

describe('what the bar knows of it', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const custody = {
    standing: {
      line: 'online',
      saving: 'none',
      unsaved: 0,
      survives: true,
      refusal: null
    } satisfies IStanding,
    changed: new Signal<object, void>({})
  } as unknown as ICustody;

  it('shows it only while there is a kernel', () => {
    const { client, socket } = connected();
    const model = new RoomModel(client, custody);
    expect(model.usage).toBeNull();
    socket().say(usage());
    expect(model.usage?.disk_bytes).toBe(3 * MIB);
    socket().say({ type: 'kernel', state: 'died', detail: '' });
    expect(model.usage).toBeNull();
    socket().say(usage());
    vi.advanceTimersByTime(STALE_MS - 1);
    expect(model.usage).not.toBeNull();
    vi.advanceTimersByTime(1);
    expect(model.usage).toBeNull();
  });
});
