// @vitest-environment jsdom
import type { CommMessage, JsonObject } from '@nbinterview/frame';
import type { Kernel, KernelMessage } from '@jupyterlab/services';
import { expect, it } from 'vitest';

import { Outgoing } from '../src/outputs/outgoing';
import { Model } from '../src/outputs/widgetmodel';

/** A kernel that is idle again when it is told so. */
function slowKernel() {
  const taken: { data: unknown; idle: () => void }[] = [];
  const sendShellMessage = (message: KernelMessage.IShellMessage) => ({
    done: new Promise<void>(resolve => {
      const { data } = message.content as { data: unknown };
      taken.push({ data, idle: resolve });
    })
  });
  const kernel = { username: 'ada', clientId: 'page', sendShellMessage };
  return { kernel: kernel as unknown as Kernel.IKernelConnection, taken };
}

const LINK = { send: () => undefined, close: () => undefined };

function change(state: JsonObject): CommMessage {
  const data = { method: 'update', state };
  return { msg_type: 'comm_msg', content: { data }, metadata: {}, buffers: [] };
}

it('gives a busy kernel the latest, and nothing of the past', async () => {
  const { kernel, taken } = slowKernel();
  const outgoing = new Outgoing();
  outgoing.kernel = kernel;
  for (const value of [1, 2, 3]) {
    outgoing.say('slider', LINK, change({ value }));
  }
  outgoing.say('slider', { ...LINK }, change({ value: 4 }));
  taken[0]?.idle();
  await expect.poll(() => taken.length).toBe(2);
  taken[1]?.idle();
  await expect.poll(() => taken.length).toBe(3);
  // Another frame's change is a message of its own.
  expect(taken.map(({ data }) => data)).toEqual(
    [1, 3, 4].map(value => ({ method: 'update', state: { value } }))
  );
});

it('sends nothing that the room would refuse for its size', () => {
  const { kernel, taken } = slowKernel();
  const outgoing = new Outgoing();
  outgoing.kernel = kernel;
  outgoing.say('text', LINK, change({ value: 'x'.repeat(300 * 1024) }));
  expect(taken).toEqual([]);
});

it('forgets what waits when the kernel is another one', async () => {
  const [old, next] = [slowKernel(), slowKernel()];
  const outgoing = new Outgoing();
  outgoing.kernel = old.kernel;
  outgoing.say('slider', LINK, change({ value: 1 }));
  outgoing.say('slider', LINK, change({ value: 2 }));
  outgoing.clear();
  outgoing.kernel = next.kernel;
  outgoing.say('slider', LINK, change({ value: 3 }));
  old.taken[0]?.idle();
  next.taken[0]?.idle();
  await Promise.resolve();
  expect([old.taken.length, next.taken.length]).toEqual([1, 1]);
});

it('a model drops an attachment when its trait changes', () => {
  const bytes = new Uint8Array([1, 2]).buffer;
  const model = new Model({ kind: 'image' }, [['value']], [bytes]);
  model.update({ kind: 'other' }, [], []);
  expect(model.opened('m').buffers).toHaveLength(1);
  model.update({ value: null }, [], []);
  expect(model.opened('m').buffers).toHaveLength(0);
});
