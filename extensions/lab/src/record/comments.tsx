/** The candidate's own words beside a finding: said by them, read by everybody. */

import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useId, useState } from 'react';

import { Clock } from '../panel/clock';
import type { Comment } from '../wire';

/** As the schema has it. */
const LONGEST = 2000;

/** What was said so far. */
export function Comments(props: {
  comments: readonly Comment[];
  trans: TranslationBundle;
}): React.ReactElement | null {
  const { comments, trans } = props;
  if (comments.length === 0) {
    return null;
  }
  return (
    <ul
      className="jp-nbinterview-Comments"
      aria-label={trans.__('The candidate’s words')}
    >
      {comments.map(({ at, text }) => (
        <li key={`${at} ${text}`}>
          <Clock at={at} />
          {text}
        </li>
      ))}
    </ul>
  );
}

interface IBoxProps {
  label: string;
  /** Whether a button opens it first. */
  isFolded?: boolean;
  send: (text: string) => void;
  trans: TranslationBundle;
}

/** Room for an answer. */
export function CommentBox(props: IBoxProps): React.ReactElement {
  const { isFolded = false, label, send, trans } = props;
  const id = useId();
  const [isOpen, setOpen] = useState(!isFolded);
  const [text, setText] = useState('');
  const [isSent, setSent] = useState(false);
  const submit = (): void => {
    send(text.trim());
    setText('');
    setSent(true);
    setOpen(!isFolded);
  };
  if (!isOpen) {
    return (
      <>
        <button
          className="jp-nbinterview-LinkButton"
          aria-label={label}
          onClick={() => {
            setSent(false);
            setOpen(true);
          }}
        >
          {trans.__('Answer this')}
        </button>
        <Sent isSent={isSent} trans={trans} />
      </>
    );
  }
  return (
    <form
      className="jp-nbinterview-CommentBox"
      onSubmit={event => {
        event.preventDefault();
        submit();
      }}
    >
      <label htmlFor={id}>{label}</label>
      <textarea
        id={id}
        rows={3}
        maxLength={LONGEST}
        value={text}
        // The person opened it just now.
        autoFocus={isFolded}
        onChange={event => {
          setSent(false);
          setText(event.target.value);
        }}
      />
      <button
        className="jp-nbinterview-Button"
        type="submit"
        disabled={text.trim() === ''}
      >
        {trans.__('Put it beside the record')}
      </button>
      <Sent isSent={isSent} trans={trans} />
    </form>
  );
}

function Sent(props: {
  isSent: boolean;
  trans: TranslationBundle;
}): React.ReactElement {
  return (
    <p className="jp-nbinterview-CommentBox-sent" role="status">
      {props.isSent
        ? props.trans.__('It is in the record. Everybody who reads it sees it.')
        : ''}
    </p>
  );
}
