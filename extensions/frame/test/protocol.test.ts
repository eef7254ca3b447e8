import { describe, expect, it } from 'vitest';

import { MAX_HEIGHT_PX, clampHeight, readFromFrame } from '../src/protocol';

const comm = {
  msg_type: 'comm_msg',
  content: { comm_id: 'a', data: {} },
  metadata: {},
  buffers: [new ArrayBuffer(2)]
};

describe('what a page takes from a frame', () => {
  it('takes the five messages', () => {
    expect(readFromFrame({ type: 'ready' })).toEqual({ type: 'ready' });
    expect(readFromFrame({ type: 'size', height_px: 12.5 })).toEqual({
      type: 'size',
      height_px: 12.5
    });
    expect(readFromFrame({ type: 'leave', to: 'x' })).toEqual({ type: 'leave' });
    expect(readFromFrame({ type: 'failed', words: 'No.' })).toEqual({
      type: 'failed',
      words: 'No.'
    });
    expect(readFromFrame({ type: 'comm', message: comm })).toEqual({
      type: 'comm',
      message: comm
    });
  });

  it.each([
    null,
    'ready',
    [],
    {},
    { type: 'render' },
    { type: 'size' },
    { type: 'size', height_px: '12px' },
    { type: 'size', height_px: Number.NaN },
    { type: 'size', height_px: Number.POSITIVE_INFINITY },
    { type: 'failed', words: { toString: () => '<b>' } },
    { type: 'comm', message: null },
    { type: 'comm', message: { ...comm, msg_type: 'execute_request' } },
    { type: 'comm', message: { ...comm, content: [] } },
    { type: 'comm', message: { ...comm, metadata: null } },
    { type: 'comm', message: { ...comm, buffers: ['text'] } },
    { type: 'comm', message: { ...comm, buffers: Array(65).fill(new ArrayBuffer(0)) } }
  ])('takes nothing else: %j', message => {
    expect(readFromFrame(message)).toBeNull();
  });

  it('keeps only the known fields', () => {
    const told = readFromFrame({ type: 'comm', message: { ...comm, header: 'x' } });
    expect(told).toEqual({ type: 'comm', message: comm });
  });

  it('clamps heights and words', () => {
    expect(readFromFrame({ type: 'size', height_px: 1e9 })).toEqual({
      type: 'size',
      height_px: MAX_HEIGHT_PX
    });
    expect(clampHeight(-5)).toBe(0);
    const long = readFromFrame({ type: 'failed', words: 'a'.repeat(10_000) });
    expect(long).toMatchObject({ words: 'a'.repeat(500) });
  });
});
