/** A time of day, to the second. */

import React from 'react';

/** When it was. */
export function Clock(props: { at: string }): React.ReactElement {
  const at = new Date(props.at);
  return (
    <time dateTime={props.at}>
      {at.toLocaleTimeString([], {
        hour: 'numeric',
        minute: '2-digit',
        second: '2-digit'
      })}
    </time>
  );
}
