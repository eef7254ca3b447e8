/** A link out of the room; the room stays open. */

import React from 'react';

/** Opens another page beside this one. */
export function PageLink(props: { label: string; url: string }): React.ReactElement {
  return (
    <a
      className="jp-nbinterview-Link"
      href={props.url}
      target="_blank"
      rel="noopener noreferrer"
    >
      {props.label}
      <span aria-hidden="true"> ↗</span>
    </a>
  );
}
