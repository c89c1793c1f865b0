/**
 * What the server answers and tells, as docs/protocol.md describes it. Types only, and readers that believe nothing:
 * what does not have the shape expected is left out, since a newer server may say more.
 */

export interface Position {
  line: number;
  character: number;
}

export interface Range {
  start: Position;
  end: Position;
}

export type Decision = 'proposed' | 'accepted' | 'applied' | 'rejected' | 'undone';

/** A hunk. Of a file that comes, goes or gets another path there is one, with no range and no texts. */
export interface Hunk {
  hunk: number;
  decision: Decision;
  /** Why it does not fit any more. */
  stale: string | null;
  /** How its place was found, where that is not exact. */
  doubt?: string | null;
  /** Where it is in the text as it is now; none for what is decided, stale or in the text already. */
  range?: Range | null;
  before?: string | null;
  after?: string;
}

export interface ProposedFile {
  path: string;
  uri: string;
  change: 'modify' | 'create' | 'delete' | 'rename';
  to: string | null;
  /** Of the text that the ranges are in; none where the file is not open. */
  version?: number | null;
  hunks: Hunk[];
  /** With `texts`: the whole text now, and with every undecided hunk that fits. */
  before?: string | null;
  after?: string | null;
}

export interface Shown {
  proposal: string;
  diff: string;
  files: ProposedFile[];
}

export interface Operation {
  operation: string;
  proposal: string;
  state: string;
  title: string;
  instruction?: string;
  model?: string;
  at?: number;
  files: { path: string; change: string; to?: string }[];
}

export interface Status {
  version: string;
  trust?: 'restricted' | 'trusted' | 'changed';
  tasks: { id: string; title?: string; stage: string; percent: number }[];
  proposals: { id: string; state: string; title?: string; model?: string; hunks: number }[];
  documents: { uri: string; desynchronised: boolean }[];
  providers: {
    name: string;
    health: string;
    resting_seconds?: number | null;
    last_error?: { kind: string; message: string } | null;
  }[];
  health?: { component: string; state: string; reason: string | null }[];
  usage?: { session?: { tokens: number; cost: string } };
}

export interface Failure {
  code: string;
  category: string;
  severity: string;
  message: string;
  hint?: string | null;
  /** Of `changed-since`: whether `merge` can be asked for. */
  isMergeable?: boolean;
}

export type Event =
  | { task: string; kind: 'started'; title: string }
  | { task: string; kind: 'proposal'; proposal: string; files: number; hunks: number }
  | { task: string; kind: 'applied'; proposal: string; hunks: number }
  | { task: string; kind: 'undone'; proposal: string }
  | { task: string; kind: 'failed'; error: Failure }
  | { task: string; kind: 'finished' | 'stage' | 'text' };

/** The error of a refused command, whatever was thrown. */
export function failure(thrown: unknown): Failure {
  const error = (typeof thrown === 'object' && thrown !== null ? thrown : {}) as { message?: unknown; data?: unknown };
  const data = (typeof error.data === 'object' && error.data !== null ? error.data : {}) as Partial<Failure> & { details?: { mergeable?: unknown } };
  const text = (value: unknown, otherwise: string) => (typeof value === 'string' ? value : otherwise);
  return {
    code: text(data.code, 'unknown'),
    category: text(data.category, 'unknown'),
    severity: text(data.severity, 'error'),
    message: text(error.message, String(thrown)),
    hint: typeof data.hint === 'string' ? data.hint : null,
    isMergeable: data.details?.mergeable !== false,
  };
}
