// Generated from service/nbinterview/schemas/film.schema.yaml by `npm run types`; do not edit.

export type Step =
  | InsertCells
  | RemoveCells
  | EditText
  | SetOutputs
  | SetCount
  | RunAsked
  | RunEnded
  | KernelChanged;
/**
 * A number of one cell for the whole film. Cell ids are no names for this: a cell that is moved is another one with the same id.
 *
 */
export type Handle = number;
/**
 * Where text comes from. `template` it was there before anybody came; `typed` by the candidate; `pasted` by the candidate from outside the notebook; `interviewer` written by an interviewer, in whatever way; `unexplained` it came at once, longer than anybody types, and no paste was seen.
 *
 */
export type Origin = 'template' | 'typed' | 'pasted' | 'interviewer' | 'unexplained';
export type FilmOutput = TextOutput | ImageOutput;

/**
 * An interview as something to be played: what the notebook was at the start, what every record changed, and what is worth a mark on the time line. Made from the records by `nbinterview.ledger.film`, played by `@nbinterview/replay`. It holds no HTML: outputs are text or checked pictures. Positions and lengths in text count UTF-16 code units, as JavaScript does. `at_ms` counts from the opening of the interview (or its first record); what came before is at 0.
 *
 */
export interface FilmSchema {
  film?: Film;
}
export interface Film {
  format: 1;
  interview: string;
  title: string;
  /**
   * The moment of `at_ms` 0
   */
  started_at: string;
  duration_ms: number;
  last_seq: number;
  /**
   * By author; `room` and `kernel` are not among them.
   */
  people: {
    [k: string]: FilmPerson;
  };
  /**
   * In the order of the records.
   */
  frames: FilmFrame[];
  marks: Mark[];
  /**
   * The pictures of outputs by key, as data URLs of PNG or JPEG.
   */
  images: {
    [k: string]: string;
  };
}
export interface FilmPerson {
  display_name: string;
  initials: string;
  color: string;
  role: 'candidate' | 'interviewer' | 'reviewer';
}
/**
 * What one record changed.
 */
export interface FilmFrame {
  at_ms: number;
  seq: number;
  author: string;
  steps: Step[];
}
export interface InsertCells {
  do: 'insert';
  index: number;
  cells: FilmCell[];
}
export interface FilmCell {
  cell: Handle;
  id: string;
  type: 'code' | 'markdown' | 'raw';
  source: string;
  spans: Span[];
  outputs: FilmOutput[];
  count: number | null;
  locked: boolean;
}
/**
 * A stretch of text of one origin, from one record.
 */
export interface Span {
  length: number;
  origin: Origin;
  /**
   * The record that brought the text into the notebook first
   */
  seq: number;
  /**
   * The record that moved it within the notebook last (by cut or copy and paste, undo, or moving a cell). Its origin stays what it was.
   *
   */
  moved?: number;
}
export interface TextOutput {
  kind: 'text' | 'stderr' | 'error';
  text: string;
  /**
   * What is not shown and why; often empty
   */
  note: string;
}
export interface ImageOutput {
  kind: 'image';
  /**
   * A key of the film's `images`
   */
  image: string;
  note: string;
}
export interface RemoveCells {
  do: 'remove';
  index: number;
  count: number;
}
/**
 * At `index`, `removed` code units went and `inserted` came.
 */
export interface EditText {
  do: 'edit';
  cell: Handle;
  index: number;
  removed: number;
  inserted: string;
  /**
   * Where `inserted` comes from; their lengths add up to its length.
   */
  spans: Span[];
}
/**
 * The first `keep` outputs stay, then these follow, and nothing more.
 */
export interface SetOutputs {
  do: 'outputs';
  cell: Handle;
  keep: number;
  outputs: FilmOutput[];
}
export interface SetCount {
  do: 'count';
  cell: Handle;
  count: number | null;
}
/**
 * The frame's author asked to run a cell; null when the cell is not there.
 */
export interface RunAsked {
  do: 'run';
  cell: Handle | null;
  execution_id: string;
}
export interface RunEnded {
  do: 'ran';
  cell: Handle | null;
  execution_id: string;
  status: 'ok' | 'error' | 'aborted';
  duration_ms: number;
}
export interface KernelChanged {
  do: 'kernel';
  state:
    | 'started'
    | 'restarted'
    | 'interrupted'
    | 'died'
    | 'refused'
    | 'stopped'
    | 'restored';
  detail: string;
}
/**
 * Something to see on the bar, and to go to.
 */
export interface Mark {
  at_ms: number;
  end_ms: number | null;
  seq: number;
  /**
   * `episode` was recorded and did not count; a `nudge` is there once the interview has ended, since it is the candidate's alone before; `comment` are the candidate's words.
   *
   */
  kind:
    | 'flag'
    | 'warning'
    | 'nudge'
    | 'episode'
    | 'comment'
    | 'run'
    | 'paste'
    | 'kernel'
    | 'gap'
    | 'person'
    | 'check';
  title: string;
  detail: string;
  author: string;
}
