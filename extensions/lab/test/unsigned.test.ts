import { describe, expect, it } from 'vitest';

import { Notices } from '../src/room/notices';
import { sayUnsigned } from '../src/watch/unsigned';
import type { Beats } from '../src/wire';
import type { IWorld } from './helpers';
import { BOOT, trans, welcome, world } from './helpers';

const BEATS: Beats = {
  interview: 'abcdefghij',
  key: 'a2V5',
  nonce: 'a'.repeat(32),
  interval_ms: 1000
};

function candidate(active = true): IWorld & { notices: Notices } {
  const made = { ...world(), notices: new Notices() };
  made.client.connect();
  made.socket().onopen?.();
  made.socket().say(welcome({ beats: BEATS, lease: { active, pages: 1 } }));
  return made;
}

function told({ socket }: IWorld): unknown[] {
  return socket().sent.flatMap(message =>
    message.type === 'event' ? [message.event] : []
  );
}

describe('a page that can sign no beats', () => {
  it('says so to the candidate and to the room, once', () => {
    const made = candidate();
    const { client, notices, pulse } = made;
    sayUnsigned({ live: client, notices, isSecure: false, trans });
    expect(notices.all).toEqual([]);

    pulse.fail();
    pulse.fail();
    made.socket().say({ type: 'ack', boot_id: BOOT, client_seq: 1 });
    made.socket().say(welcome({ beats: BEATS }));

    expect(told(made)).toEqual([{ name: 'beats', state: 'insecure' }]);
    const [notice] = notices.all;
    expect(notices.all).toHaveLength(1);
    expect(notice.text).toContain('https://');
    expect(notice.text).toContain('Your work is kept');
    expect(notice.closable).toBe(true);
  });

  it('says so too when it was known before anybody listened', () => {
    const made = candidate();
    made.pulse.fail();
    sayUnsigned({ live: made.client, notices: made.notices, isSecure: false, trans });
    expect(told(made)).toEqual([{ name: 'beats', state: 'insecure' }]);
  });

  it('does not blame the address when that is secure', () => {
    const made = candidate();
    sayUnsigned({ live: made.client, notices: made.notices, isSecure: true, trans });
    made.pulse.fail();
    expect(told(made)).toEqual([{ name: 'beats', state: 'failed' }]);
    expect(made.notices.all[0]?.text).not.toContain('http');
  });

  it('waits while another page of the person counts', () => {
    const made = candidate(false);
    sayUnsigned({ live: made.client, notices: made.notices, isSecure: false, trans });
    made.pulse.fail();
    expect([told(made), made.notices.all]).toEqual([[], []]);

    made.socket().say({
      type: 'lease',
      active: true,
      pages: 2,
      state: 'taken',
      at: '2026-11-23T10:00:00.000Z'
    });
    expect(told(made)).toEqual([{ name: 'beats', state: 'insecure' }]);
    expect(made.notices.all).toHaveLength(1);
  });
});
