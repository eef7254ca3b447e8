import { describe, expect, it } from 'vitest';

import { ElsewhereModel } from '../src/room/elsewhere';
import { receiptNotice } from '../src/room/receipt';
import { receiptOf } from '../src/witness/receipt';
import type { LeaseMessage } from '../src/wire';
import { BOOT, connected, trans, welcome } from './helpers';
import { leaves, SigningRoom } from './ledger';

function lease(active: boolean): LeaseMessage {
  const at = '2026-11-23T16:00:00.000Z';
  return { type: 'lease', active, pages: 2, state: active ? 'taken' : 'second', at };
}

describe('a page of the candidate', () => {
  it('counts when it is the only one', () => {
    const { client } = connected({ lease: { active: true, pages: 1 } });
    expect(new ElsewhereModel(client).place).toBe('here');
  });

  it('counts where the room says nothing about it', () => {
    const { client } = connected();
    expect(new ElsewhereModel(client).place).toBe('here');
  });

  it('asks when it comes second, and goes on when the room lets it', () => {
    const { client, socket } = connected({ lease: { active: false, pages: 2 } });
    const model = new ElsewhereModel(client);
    expect(model.place).toBe('elsewhere');
    model.goOnHere();
    expect(model.place).toBe('asking');
    expect(socket().sent.at(-1)).toEqual({ type: 'lease', boot_id: BOOT });
    socket().say(lease(true));
    expect(model.place).toBe('here');
  });

  it('knows that the person left it for another', () => {
    const { client, socket } = connected({ lease: { active: true, pages: 1 } });
    const model = new ElsewhereModel(client);
    socket().say(lease(false));
    expect(model.place).toBe('gone');
  });

  it('says so when the room did not hear, and may be asked again', () => {
    const { client, socket } = connected({ lease: { active: false, pages: 2 } });
    const model = new ElsewhereModel(client);
    model.goOnHere();
    socket().lose();
    expect(model.place).toBe('elsewhere');
    model.goOnHere();
    expect([model.place, model.isUnheard]).toEqual(['elsewhere', true]);
    client.connect();
    socket().open();
    socket().say(welcome({ lease: { active: true, pages: 1 } }));
    expect([model.place, model.isUnheard]).toEqual(['here', false]);
    client.dispose();
  });

  it('may ask again when the room would not move it so soon', () => {
    const { client, socket } = connected({ lease: { active: false, pages: 2 } });
    const model = new ElsewhereModel(client);
    model.goOnHere();
    socket().say({
      type: 'problem',
      title: 'Too many',
      status: 429,
      detail: 'The interview was moved to another page just now. Please wait.'
    });
    expect([model.place, model.isUnheard]).toEqual(['elsewhere', true]);
  });

  it('asks nothing after the end', () => {
    const { client, socket } = connected({ lease: { active: false, pages: 2 } });
    const model = new ElsewhereModel(client);
    socket().say({ type: 'state', state: 'ended' });
    expect(model.place).toBe('here');
  });
});

describe('a receipt', () => {
  it('is offered in words, and can be put away', () => {
    const receipt = receiptOf(new SigningRoom(leaves(3)).shows());
    expect(receiptNotice(receipt, trans)).toMatchObject({
      id: 'receipt',
      closable: true,
      action: { label: 'Save my receipt' }
    });
  });
});
