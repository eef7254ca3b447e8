/** The messages of `live.schema.yaml`, as the rest of this extension names them. */

import type { Event, FromRoom, Observations } from '@nbinterview/proctor';

export type {
  Action,
  Allowance,
  Beat,
  Beats,
  Calibration,
  Certificate,
  Check,
  CheckedCell,
  Checkpoint,
  CheckpointMessage,
  ClientEvent,
  Comment,
  Episode,
  Flag,
  Frame,
  FromPage,
  FromRoom,
  Gap,
  InterviewState,
  KernelMessage,
  Lease,
  LeaseMessage,
  Observations,
  Person,
  PolicySummary,
  Problem,
  Receipt,
  Role,
  Rule,
  Sensor,
  SensorState,
  Source,
  StorageMessage,
  TakeLease,
  TreeHead,
  UsageMessage,
  Warning,
  Watching,
  Welcome,
  WitnessReport
} from '@nbinterview/proctor';

/** What a page sends and keeps until it is acknowledged. */
export type Outgoing = Event | Observations;

/** The kinds of messages that those who listen may hear; of a welcome, see `welcomed`. */
export type HeardKind = Exclude<FromRoom['type'], 'welcome' | 'ack' | 'nonce'>;

/** The message of one kind. */
export type Heard<K extends HeardKind> = Extract<FromRoom, { type: K }>;
