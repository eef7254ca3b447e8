/** A time of day, to the second. */

import React from 'react';

/** When it was. */
export function Clock(props: { at: string }): React.ReactElement {
  return <time dateTime={props.at}>{clockWords(props.at)}</time>;
}

/** A time of day as this browser's person writes it. */
export function clockWords(at: string): string {
  return new Date(at).toLocaleTimeString([], {
    hour: 'numeric',
    minute: '2-digit',
    second: '2-digit'
  });
}
