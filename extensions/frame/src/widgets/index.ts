/** ipywidgets in a frame. */

import './widgets.css';

import { Widget } from '@lumino/widgets';
import type { Frame } from '../renderer';
import { provide } from '../renderer';
import { FrameManager } from './manager';

let manager: FrameManager | null = null;

function managerOf(frame: Frame): FrameManager {
  manager ??= new FrameManager(frame);
  return manager;
}

provide('widgets', {
  async show({ data }, host, frame) {
    const model =
      typeof data === 'object' && data !== null && !Array.isArray(data)
        ? data['model_id']
        : undefined;
    if (typeof model !== 'string') {
      throw new Error('This output names no controls.');
    }
    const widgets = managerOf(frame);
    await widgets.fetch(model);
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- what it is typed as depends on the view, which it names
    const view = await widgets.create_view(await widgets.get_model(model));
    Widget.attach(view.luminoWidget, host);
  },
  commReceived(message) {
    manager?.receive(message);
  },
  commGone() {
    manager?.disconnect();
  }
});
