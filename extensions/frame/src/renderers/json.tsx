import { jupyterHighlightStyle } from '@jupyterlab/codemirror/lib/theme';
import type { Tag } from '@lezer/highlight';
import { tags } from '@lezer/highlight';
import * as React from 'react';
import { createRoot } from 'react-dom/client';
import { JSONTree } from 'react-json-tree';
import { StyleModule } from 'style-mod';

import { provide } from '../renderer';

/** Colours that are none, so that the tree takes those of the style sheet. */
const NO_COLOURS = Object.fromEntries(
  Array.from('0123456789ABCDEF', digit => [`base0${digit}`, 'invalid'])
);
const THEME = {
  extend: { scheme: 'jupyter', author: 'jupyter', ...NO_COLOURS } as never,
  valueLabel: colour(tags.variableName),
  valueText: colour(tags.string),
  nestedNodeItemString: colour(tags.comment)
};
const ITEMS_AT_ONCE = 100;

function colour(tag: Tag): string {
  return jupyterHighlightStyle.style([tag]) ?? '';
}

function valueColour(value: unknown): string {
  if (typeof value === 'number') {
    return colour(tags.number);
  }
  const isWord = value === 'true' || value === 'false';
  return colour(isWord ? tags.keyword : tags.string);
}

function summary(data: unknown, type: React.ReactNode, count: string): React.ReactNode {
  if (Array.isArray(data)) {
    return (
      <span>
        {type} {count}
      </span>
    );
  }
  return Object.keys(data as object).length === 0 ? <span>{type}</span> : null;
}

provide('json', {
  show({ data, metadata }, host) {
    if (jupyterHighlightStyle.module !== null) {
      StyleModule.mount(document, jupyterHighlightStyle.module);
    }
    host.classList.add('jp-RenderedJSON', 'CodeMirror');
    const expanded = metadata['expanded'] === true;
    createRoot(host).render(
      <div className="container">
        <JSONTree
          data={data}
          collectionLimit={ITEMS_AT_ONCE}
          theme={THEME}
          invertTheme={false}
          keyPath={['root']}
          getItemString={(_type, shown, type, count) => summary(shown, type, count)}
          labelRenderer={([label]) => (
            <span className={colour(tags.keyword)}>{String(label)}</span>
          )}
          valueRenderer={value => (
            <span className={valueColour(value)}>{String(value)}</span>
          )}
          shouldExpandNodeInitially={(_path, _data, level) => expanded || level === 0}
        />
      </div>
    );
  }
});
