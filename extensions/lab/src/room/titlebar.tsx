/** The bar above the notebook: which interview, is my work kept, who is here. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import { Panel } from '@lumino/widgets';
import type { Widget } from '@lumino/widgets';
import React from 'react';

import type { InterviewState, Person } from '../wire';
import { PageLink } from './link';
import { inkOn } from './people';
import type { RoomModel } from './model';
import { savedWords, toldWords } from './saved';
import { Usage } from './usageview';

interface IBarProps {
  model: RoomModel;
  trans: TranslationBundle;
  /** The service's page of this interview, which is not for candidates. */
  pageUrl: string;
  /** Change between light and dark; null where JupyterLab has no themes. */
  toggleTheme: (() => void) | null;
}

/** The room's title bar. */
export class TitleBar extends Panel {
  constructor(props: IBarProps) {
    super();
    this.id = 'nbinterview-titlebar';
    this.addClass('jp-nbinterview-TitleBar');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', props.trans.__('Interview'));
    this.addWidget(new Part(props, Heading));
    this._slot.addClass('jp-nbinterview-TitleBar-slot');
    this.addWidget(this._slot);
    this.addWidget(new Part(props, Standing));
  }

  /** Put a widget before the people. */
  addToSlot(widget: Widget): void {
    this._slot.addWidget(widget);
  }

  private readonly _slot = new Panel();
}

class Part extends ReactWidget {
  constructor(
    private readonly _props: IBarProps,
    private readonly _component: React.FunctionComponent<IBarProps>
  ) {
    super();
    this.addClass('jp-nbinterview-TitleBar-part');
  }

  protected override render(): React.ReactElement {
    const Component = this._component;
    return (
      <UseSignal signal={this._props.model.changed}>
        {() => <Component {...this._props} />}
      </UseSignal>
    );
  }
}

function Mark(): React.ReactElement {
  return (
    <svg className="jp-nbinterview-Mark" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" fill="#1f5f8b" />
      <path
        d="M8 9.5A2.5 2.5 0 0 1 10.5 7h11A2.5 2.5 0 0 1 24 9.5v8a2.5 2.5 0 0 1-2.5 2.5H16l-5 5v-5h-.5A2.5 2.5 0 0 1 8 17.5z"
        fill="#fff"
      />
      <path
        d="m13 11 3 2.7-3 2.7M17.5 16.8H20"
        fill="none"
        stroke="#e8710a"
        strokeWidth="1.9"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}

function Heading({ model, trans }: IBarProps): React.ReactElement {
  const state = stateWords(model.interviewState, trans);
  return (
    <>
      <Mark />
      <h1>{model.title}</h1>
      {state !== null && (
        <span className="jp-nbinterview-State" role="status">
          {state}
        </span>
      )}
    </>
  );
}

function stateWords(
  state: InterviewState | null,
  trans: TranslationBundle
): string | null {
  switch (state) {
    case 'scheduled':
      return trans.__('Not started yet');
    case 'ended':
      return trans.__('Ended');
    default:
      return null;
  }
}

function Standing(props: IBarProps): React.ReactElement {
  const { model, trans, pageUrl, toggleTheme } = props;
  const hasPage = model.role !== null && model.role !== 'candidate';
  return (
    <>
      {hasPage && <PageLink label={trans.__('Interview’s page')} url={pageUrl} />}
      <Usage usage={model.usage} trans={trans} />
      <Saved model={model} trans={trans} />
      <ul className="jp-nbinterview-Avatars" aria-label={trans.__('In the room')}>
        {model.presentPeople.map(person => (
          <Avatar
            key={person.hub_name}
            person={person}
            isSelf={person.hub_name === model.self}
            trans={trans}
          />
        ))}
      </ul>
      {toggleTheme !== null && (
        <button
          className="jp-nbinterview-IconButton"
          title={trans.__('Light or dark')}
          aria-label={trans.__('Change between light and dark')}
          onClick={toggleTheme}
        >
          <span aria-hidden="true">◐</span>
        </button>
      )}
    </>
  );
}

function Saved(props: {
  model: RoomModel;
  trans: TranslationBundle;
}): React.ReactElement {
  const { model, trans } = props;
  const { saved, standing, told } = model;
  return (
    <>
      <span className="jp-nbinterview-Saved" data-state={saved}>
        {savedWords(saved, standing, trans)}
      </span>
      {/* Said apart: the words beside the mark change with each keystroke. */}
      <span className="jp-nbinterview-Told" role="status">
        {toldWords(told, standing.survives, trans)}
      </span>
    </>
  );
}

interface IAvatarProps {
  person: Person;
  isSelf: boolean;
  trans: TranslationBundle;
}

function Avatar({ person, isSelf, trans }: IAvatarProps): React.ReactElement {
  const label = isSelf
    ? trans.__('%1 (you)', person.display_name)
    : person.role === 'candidate'
      ? trans.__('%1, candidate', person.display_name)
      : trans.__('%1, interviewer', person.display_name);
  return (
    <li title={label}>
      <span
        className="jp-nbinterview-Avatar"
        // A person's colour is data from the platform: the one colour not of the theme.
        style={{ backgroundColor: person.color, color: inkOn(person.color) }}
        aria-hidden="true"
      >
        {person.initials}
      </span>
      <span className="jp-nbinterview-Avatar-name">
        {isSelf ? trans.__('You') : person.display_name}
      </span>
    </li>
  );
}
