/** The candidate's own side panel: what is measured now, and their own log with answers. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import type { MeshSource } from '@nbinterview/proctor';
import type { Message } from '@lumino/messaging';
import React, { useEffect, useRef } from 'react';

import { Clock } from '../panel/clock';
import { evidenceWords } from '../panel/words';
import type { WatchModel } from '../watch/model';
import { standing } from '../watch/standing';
import { sensorWords } from '../watch/words';
import type { Welcome } from '../wire';
import { download } from '../witness/receipt';
import { CommentBox, Comments } from './comments';
import type { IEntry, RecordModel } from './model';
import type { NowModel } from './now';
import type { Beating } from './words';
import {
  allowanceWords,
  beatingWords,
  calibrationWords,
  frameWords,
  outcomeWords,
  rateWords
} from './words';

export interface IRecordProps {
  record: RecordModel;
  watch: WatchModel;
  now: NowModel;
  /** Where the mesh comes from while this is on screen; null where nothing gives it. */
  source: MeshSource | null;
  trans: TranslationBundle;
}

/** The right side panel of the candidate. */
export class RecordWidget extends ReactWidget {
  constructor(private readonly _props: IRecordProps) {
    super();
    this.id = 'nbinterview-record';
    this.addClass('jp-nbinterview-Panel');
    this.addClass('jp-nbinterview-Record');
    this.node.setAttribute('aria-label', _props.trans.__('My record'));
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this._props.now.mesh.open(this._props.source);
  }

  protected override onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this._props.now.mesh.close();
  }

  protected override render(): React.ReactElement {
    const { record, watch } = this._props;
    return (
      <UseSignal signal={watch.changed}>
        {() => (
          <UseSignal signal={record.changed}>
            {() => record.room && <Record {...this._props} room={record.room} />}
          </UseSignal>
        )}
      </UseSignal>
    );
  }
}

interface IRoomProps extends IRecordProps {
  room: Welcome;
}

function Record(props: IRoomProps): React.ReactElement {
  const { record, trans } = props;
  return (
    <>
      <section aria-labelledby="jp-nbinterview-record-now">
        <h2 id="jp-nbinterview-record-now">{trans.__('What is measured now')}</h2>
        <Picture {...props} />
        <Sensors {...props} />
      </section>
      <section aria-labelledby="jp-nbinterview-record-log">
        <h2 id="jp-nbinterview-record-log">{trans.__('What was noticed')}</h2>
        <Log {...props} />
      </section>
      <section aria-labelledby="jp-nbinterview-record-whole">
        <h2 id="jp-nbinterview-record-whole">
          {trans.__('About the interview as a whole')}
        </h2>
        <Comments comments={record.comments} trans={trans} />
        <CommentBox
          label={trans.__('Anything that a reader should know')}
          send={text => {
            record.comment(null, text);
          }}
          trans={trans}
        />
      </section>
      <TakeAlong {...props} />
    </>
  );
}

/** At the end: the receipt, as long as this page is open. */
function TakeAlong({ record, trans }: IRoomProps): React.ReactElement | null {
  const { receipt } = record;
  return receipt === null ? null : (
    <section aria-labelledby="jp-nbinterview-record-receipt">
      <h2 id="jp-nbinterview-record-receipt">{trans.__('Your receipt')}</h2>
      <p className="jp-nbinterview-Panel-note">
        {trans.__(
          'With it you can show later which record was yours when the interview ended: ' +
            '%1 entries, under one signed sum. It holds nothing of your work.',
          receipt.checkpoint.size
        )}
      </p>
      <button
        className="jp-nbinterview-Button"
        onClick={() => {
          download(receipt);
        }}
      >
        {trans.__('Save my receipt')}
      </button>
    </section>
  );
}

function Picture({ now, watch, trans }: IRoomProps): React.ReactElement | null {
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    host.current?.prepend(now.mesh.node);
  }, [now]);
  const isOn = watch.state.camera === 'on' && watch.state.granted.camera;
  return (
    <div ref={host}>
      {isOn && (
        <p className="jp-nbinterview-Panel-note">
          {trans.__(
            'Only you see this. Picture and points stay on this computer; the numbers ' +
              'below leave it.'
          )}
        </p>
      )}
      {isOn && (
        <UseSignal signal={now.changed}>
          {() =>
            now.frame && (
              <p className="jp-nbinterview-Record-frame">
                {frameWords(now.frame, trans).join(' · ')}
              </p>
            )
          }
        </UseSignal>
      )}
    </div>
  );
}

function Sensors(props: IRoomProps): React.ReactElement {
  const { now, room, trans, watch } = props;
  const { sensors } = watch.state.policy;
  return (
    <dl className="jp-nbinterview-Record-facts">
      {room.watching.paused && (
        <Fact
          name={trans.__('Watching')}
          words={trans.__('Paused by an interviewer. Nothing is measured or counted.')}
        />
      )}
      {sensors.map(sensor => (
        <Fact
          key={sensor}
          name={sensorWords(sensor, trans).name}
          words={standing({ model: watch, sensor, trans })}
        />
      ))}
      {sensors.length > 0 && (
        <Fact
          name={trans.__('Sign of life')}
          words={beatingWords(beatingOf(props), trans)}
        />
      )}
      {sensors.includes('camera') && watch.state.camera === 'on' && (
        <>
          <UseSignal signal={now.changed}>
            {() => (
              <Fact name={trans.__('How often')} words={rateWords(now.rateHz, trans)} />
            )}
          </UseSignal>
          <Fact
            name={trans.__('Your way of sitting')}
            words={calibrationWords(room.calibration, trans)}
          />
        </>
      )}
      <Fact
        name={trans.__('Allowed now')}
        words={
          room.watching.allows.length === 0
            ? trans.__('What the question says. No more was named here.')
            : trans.__(
                '%1. Leaving the page and pasting for it are recorded and not flagged.',
                room.watching.allows
                  .map(allowance => allowanceWords(allowance, trans))
                  .join(', ')
              )
        }
      />
    </dl>
  );
}

function beatingOf({ record, room, watch }: IRoomProps): Beating {
  if (!watch.isWatching && room.lease?.active !== false) {
    return 'off';
  }
  if (!record.isConnected) {
    return 'offline';
  }
  if (room.lease?.active === false) {
    return 'elsewhere';
  }
  return room.watching.paused ? 'paused' : 'beating';
}

function Fact(props: { name: string; words: string }): React.ReactElement {
  return (
    <div>
      <dt>{props.name}</dt>
      <dd>{props.words}</dd>
    </div>
  );
}

function Log({ record, trans }: IRoomProps): React.ReactElement {
  const { entries } = record;
  if (entries.length === 0) {
    return (
      <div className="jp-nbinterview-Panel-empty">
        <p>{trans.__('Nothing so far.')}</p>
        <p>
          {trans.__(
            'Everything that you are told and everything that is noted stands here, as ' +
              'it happens, and you can answer each. You find it again on your page after ' +
              'the interview.'
          )}
        </p>
      </div>
    );
  }
  return (
    <ol className="jp-nbinterview-Findings">
      {entries.map(entry => (
        <Entry key={entry.episodeId} entry={entry} record={record} trans={trans} />
      ))}
    </ol>
  );
}

function Entry(props: {
  entry: IEntry;
  record: RecordModel;
  trans: TranslationBundle;
}): React.ReactElement {
  const { entry, record, trans } = props;
  const evidence = evidenceWords(entry.evidence, trans);
  return (
    <li className="jp-nbinterview-Finding" data-kind={entry.outcome}>
      <strong>{entry.text}</strong>
      <p>
        <Clock at={entry.at} />
        {[outcomeWords(entry.outcome, trans), ...evidence].join(' · ')}
      </p>
      <Comments comments={entry.comments} trans={trans} />
      <CommentBox
        label={trans.__('Your answer to “%1”', entry.text)}
        isFolded
        send={text => {
          record.comment(entry.episodeId, text);
        }}
        trans={trans}
      />
    </li>
  );
}
