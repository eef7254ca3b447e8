/** The messages of `live.schema.yaml`, as the rest of this extension names them. */

import type { Event, Observations } from '@nbinterview/proctor';

export type {
  Action,
  Allowance,
  Calibration,
  Check,
  CheckedCell,
  ClientEvent,
  Comment,
  Episode,
  Flag,
  Frame,
  FromPage,
  FromRoom,
  InterviewState,
  KernelMessage,
  Person,
  PolicySummary,
  Problem,
  Role,
  Rule,
  Sensor,
  SensorState,
  Source,
  UsageMessage,
  Warning,
  Watching,
  Welcome
} from '@nbinterview/proctor';

/** What a page sends and keeps until it is acknowledged. */
export type Outgoing = Event | Observations;
