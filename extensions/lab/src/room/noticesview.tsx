/** Where notices are shown and read out, without taking the focus. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import React, { useRef, useState } from 'react';

import { PageLink } from './link';
import type { INotice, Notices } from './notices';

/** The corner of the page for notices. */
export class NoticesWidget extends ReactWidget {
  constructor(
    private readonly _notices: Notices,
    private readonly _trans: TranslationBundle
  ) {
    super();
    this.addClass('jp-nbinterview-Notices');
    // Polite: read out after what the person is just listening to.
    this.node.setAttribute('role', 'status');
    this.node.setAttribute('aria-live', 'polite');
    this.node.setAttribute('aria-relevant', 'additions');
  }

  protected override render(): React.ReactElement {
    return (
      <UseSignal signal={this._notices.changed}>
        {() => (
          <>
            {this._notices.all.map(notice => (
              <NoticeCard
                key={notice.id}
                notice={notice}
                close={() => {
                  this._notices.clear(notice.id);
                  notice.onClose?.();
                }}
                trans={this._trans}
              />
            ))}
          </>
        )}
      </UseSignal>
    );
  }
}

function NoticeCard(props: {
  notice: INotice;
  close: () => void;
  trans: TranslationBundle;
}): React.ReactElement {
  const { notice, close, trans } = props;
  const { action, link } = notice;
  return (
    <section className="jp-nbinterview-Notice" data-kind={notice.kind}>
      <strong>{notice.title}</strong>
      <p>{notice.text}</p>
      {notice.excerpt !== undefined && <Excerpt text={notice.excerpt} trans={trans} />}
      {(action !== undefined || link !== undefined || notice.closable === true) && (
        <div className="jp-nbinterview-Notice-actions">
          {action !== undefined && (
            <button className="jp-nbinterview-Button" onClick={action.run}>
              {action.label}
            </button>
          )}
          {link !== undefined && <PageLink {...link} />}
          {notice.closable === true && (
            <button className="jp-nbinterview-Button" onClick={close}>
              {trans.__('Close')}
            </button>
          )}
        </div>
      )}
    </section>
  );
}

/** A text to copy from, by the button or by hand. */
function Excerpt(props: {
  text: string;
  trans: TranslationBundle;
}): React.ReactElement {
  const { text, trans } = props;
  const field = useRef<HTMLTextAreaElement>(null);
  const [copied, setCopied] = useState(false);
  const copy = (): void => {
    field.current?.select();
    navigator.clipboard.writeText(text).then(
      () => {
        setCopied(true);
      },
      () => {
        field.current?.focus(); // it is selected: Ctrl+C does it
      }
    );
  };
  return (
    <>
      <textarea
        ref={field}
        className="jp-nbinterview-Notice-excerpt"
        aria-label={trans.__('The text that was not saved')}
        rows={4}
        readOnly
        spellCheck={false}
        value={text}
      />
      <button className="jp-nbinterview-Button" onClick={copy}>
        {copied ? trans.__('Copied') : trans.__('Copy')}
      </button>
    </>
  );
}
