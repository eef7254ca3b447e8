/** Parts of the pages before the notebook. */

import React, { useEffect, useRef } from 'react';

/** Heading that takes the focus when its step appears, so that it is read out. */
export function Heading(props: { children: React.ReactNode }): React.ReactElement {
  const node = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    node.current?.focus();
  }, []);
  return (
    <h1 id="jp-nbinterview-Page-heading" ref={node} tabIndex={-1}>
      {props.children}
    </h1>
  );
}

/** One step on its sheet. */
export function Step(props: {
  title: string;
  children: React.ReactNode;
}): React.ReactElement {
  return (
    <main className="jp-nbinterview-Page-sheet">
      <p className="jp-nbinterview-Page-interview">{props.title}</p>
      {props.children}
    </main>
  );
}
