/** Which stretch of a source is a keyword, a string, a heading: by class, never by style. */
import { highlightTree, tagHighlighter, tags } from '@lezer/highlight';
import { parser as markdown } from '@lezer/markdown';
import { parser as python } from '@lezer/python';
import type { Cell } from '../film/moment.js';

export interface Token {
  readonly from: number;
  readonly to: number;
  readonly classes: string;
}

/** Beyond this, colours are not worth the wait. */
const LONGEST = 60_000;
const REMEMBERED = 600;

const highlighter = tagHighlighter([
  { tag: tags.keyword, class: 'nbr-t-keyword' },
  { tag: [tags.bool, tags.null, tags.self, tags.atom], class: 'nbr-t-atom' },
  { tag: tags.number, class: 'nbr-t-number' },
  { tag: [tags.string, tags.special(tags.string), tags.escape], class: 'nbr-t-string' },
  { tag: [tags.comment, tags.quote], class: 'nbr-t-comment' },
  { tag: tags.function(tags.variableName), class: 'nbr-t-call' },
  { tag: tags.function(tags.propertyName), class: 'nbr-t-call' },
  { tag: tags.definition(tags.function(tags.variableName)), class: 'nbr-t-name' },
  { tag: [tags.className, tags.definition(tags.className)], class: 'nbr-t-name' },
  { tag: tags.operator, class: 'nbr-t-operator' },
  { tag: tags.meta, class: 'nbr-t-meta' },
  { tag: tags.heading, class: 'nbr-t-heading' },
  { tag: tags.emphasis, class: 'nbr-t-emphasis' },
  { tag: tags.strong, class: 'nbr-t-strong' },
  { tag: [tags.link, tags.url], class: 'nbr-t-link' },
  { tag: tags.monospace, class: 'nbr-t-string' },
  { tag: [tags.processingInstruction, tags.contentSeparator], class: 'nbr-t-meta' }
]);

const known = new Map<string, readonly Token[]>();

export function paint(type: Cell['type'], source: string): readonly Token[] {
  if (type === 'raw' || source.length > LONGEST) {
    return [];
  }
  const key = `${type} ${source}`;
  const tokens = known.get(key) ?? parse(type, source);
  // The one that was used last is the last to be forgotten.
  known.delete(key);
  known.set(key, tokens);
  for (const oldest of known.keys()) {
    if (known.size <= REMEMBERED) {
      break;
    }
    known.delete(oldest);
  }
  return tokens;
}

function parse(type: 'code' | 'markdown', source: string): readonly Token[] {
  const tree = (type === 'code' ? python : markdown).parse(source);
  const tokens: Token[] = [];
  highlightTree(tree, highlighter, (from, to, classes) => {
    tokens.push({ from, to, classes });
  });
  return tokens;
}
