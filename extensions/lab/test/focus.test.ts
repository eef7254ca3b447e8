// @vitest-environment jsdom
import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Signal } from '@lumino/signaling';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import * as Y from 'yjs';

import { focusPlugin } from '../src/focus/plugin';
import type { ClientEvent, Sensor } from '../src/wire';

const PAGE = `
  <div id="notebook">
    <div id="question">
      <div class="editor"><div class="cm-content"></div></div>
      <div class="rendered">Explain what churn is.</div>
    </div>
    <div id="answer">
      <div class="editor"><div class="cm-content"><div class="cm-line">x</div></div></div>
      <div class="output">17<input class="jp-Stdin-input"></div>
    </div>
  </div>
  <div class="jp-DocumentSearch-overlay">
    <textarea id="find"></textarea>
    <div class="jp-DocumentSearch-replace-wrapper-class">
      <textarea id="replace"></textarea>
    </div>
  </div>
  <div id="nbinterview-record"><textarea id="comment"></textarea></div>`;

let events: ClientEvent[];

// jsdom's screen is no target of events, which the displays' tracker listens to.
Object.assign(screen, { addEventListener: vi.fn(), removeEventListener: vi.fn() });

function find(selector: string): HTMLElement {
  const found = document.querySelector<HTMLElement>(selector);
  if (found === null) {
    throw new Error(`no ${selector}`);
  }
  return found;
}

function cell(id: string, readOnly: boolean): object {
  const node = find(`#${id}`);
  const editorWidget = { node: node.querySelector('.editor') };
  return { node, editorWidget, readOnly, model: { id } };
}

/** A clipboard or drag event with the DataTransfer that jsdom lacks. */
function transfer(type: string, text: string, into: Node): void {
  const event = new Event(type, { bubbles: true, cancelable: true });
  const name = type.startsWith('d') ? 'dataTransfer' : 'clipboardData';
  Object.defineProperty(event, name, { value: { getData: () => text } });
  into.dispatchEvent(event);
}

function told(): object[] {
  return events
    .filter(event => event.name === 'clipboard')
    .map(({ action, origin, cell_id }) => ({ action, origin, cell_id }));
}

/** The plugin on a page with a locked question, an answer and a box for comments. */
beforeEach(async () => {
  events = [];
  document.body.innerHTML = PAGE;
  const answer = cell('answer', false);
  const notebook = {
    content: { widgets: [cell('question', true), answer], activeCell: answer },
    context: { model: { sharedModel: { ydoc: new Y.Doc(), cells: [] } } }
  };
  const watch = {
    isWatching: true,
    active: new Set<Sensor>(['clipboard']),
    activeChanged: new Signal<object, void>({})
  };
  void focusPlugin.activate(
    null as unknown as JupyterFrontEnd, // not looked at
    { record: (event: ClientEvent) => events.push(event) },
    { notebook, notebookOpened: new Signal({}) },
    watch,
    { handedBack: { text: '' } }
  );
  watch.activeChanged.emit();
  await vi.waitFor(() => {
    expect(events).toEqual([{ name: 'page', state: 'loaded' }]);
  });
  await Promise.resolve(); // the sensors start when the trackers are there
  return () => {
    window.dispatchEvent(new Event('pagehide')); // all of them end
  };
});

describe('a paste', () => {
  it('into an answer is told, with its cell', () => {
    transfer('paste', 'import antigravity', find('#answer .cm-line'));
    transfer('drop', 'import antigravity', find('#answer .cm-content'));
    const paste = { action: 'paste', origin: 'external', cell_id: 'answer' };
    expect(told()).toEqual([paste, paste]);
  });

  it('into what a run asks for is told, with its cell', () => {
    transfer('paste', 'import antigravity', find('.jp-Stdin-input'));
    expect(told()).toEqual([
      { action: 'paste', origin: 'external', cell_id: 'answer' }
    ]);
  });

  it('into what shall replace other text is told, without a cell', () => {
    transfer('paste', 'import antigravity', find('#replace'));
    expect(told()).toEqual([
      { action: 'paste', origin: 'external', cell_id: undefined }
    ]);
  });

  it.each(['#comment', '#find', '#nbinterview-record', 'body'])(
    'into %s is nobody’s business',
    place => {
      transfer('paste', 'My light went out.', find(place));
      transfer('drop', 'My light went out.', find(place));
      expect(told()).toEqual([]);
    }
  );

  it.each(['#question .cm-content', '#answer .output', '#answer', '#notebook'])(
    'into %s inserts nothing, and is not told',
    place => {
      transfer('paste', 'import antigravity', find(place));
      expect(told()).toEqual([]);
    }
  );
});

describe('a copy', () => {
  it.each(['#question .rendered', '#answer .output', '#answer .cm-line'])(
    'from %s is the notebook’s own text',
    async place => {
      const from = find(place);
      document.getSelection()?.selectAllChildren(from);
      transfer('copy', '', from.firstChild ?? from);
      transfer('paste', from.textContent, find('#answer .cm-line'));
      await vi.waitFor(() => {
        expect(told()).toHaveLength(2);
      });
      expect(told()).toMatchObject([
        { action: 'copy', cell_id: from.closest('#notebook > div')?.id },
        { action: 'paste', origin: 'notebook', cell_id: 'answer' }
      ]);
    }
  );

  it('from the comment box is not told, and makes no text the notebook’s', () => {
    const box = find('#comment') as HTMLTextAreaElement;
    transfer('paste', 'import antigravity', box);
    box.value = 'import antigravity';
    box.focus();
    box.select();
    transfer('copy', '', box);
    transfer('dragstart', box.value, box);
    transfer('paste', box.value, find('#answer .cm-line'));
    expect(told()).toEqual([
      { action: 'paste', origin: 'external', cell_id: 'answer' }
    ]);
  });
});
