/** Who is in the room. */

import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { Person, Role } from '../wire';

/** Everybody with a part in the interview, and whether they are here. */
export function People(props: {
  people: readonly Person[];
  trans: TranslationBundle;
}): React.ReactElement {
  const { people, trans } = props;
  return (
    <section aria-labelledby="jp-nbinterview-panel-people">
      <h2 id="jp-nbinterview-panel-people">{trans.__('People')}</h2>
      <ul className="jp-nbinterview-People">
        {people.map(person => (
          <li key={person.hub_name} data-present={person.present}>
            <span
              className="jp-nbinterview-Dot"
              data-on={person.present}
              aria-hidden="true"
            />
            <span>{person.display_name}</span>
            <span className="jp-nbinterview-People-role">
              {person.present ? roleWords(person.role, trans) : trans.__('not here')}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function roleWords(role: Role, trans: TranslationBundle): string {
  switch (role) {
    case 'candidate':
      return trans.__('candidate');
    case 'interviewer':
      return trans.__('interviewer');
    case 'reviewer':
      return trans.__('reviewer');
  }
}
