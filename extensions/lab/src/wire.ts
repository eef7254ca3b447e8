/** The messages of `live.schema.yaml`, as the rest of this extension names them. */

import type { Event, Observations } from '@nbinterview/proctor';

export type {
  Check,
  CheckedCell,
  ClientEvent,
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
  UsageMessage,
  Warning,
  Welcome
} from '@nbinterview/proctor';

/** What a page sends and keeps until it is acknowledged. */
export type Outgoing = Event | Observations;
