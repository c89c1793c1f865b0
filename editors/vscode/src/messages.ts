/** What is said when something goes wrong, and what can be done about it at once. Pure. */
import type { Found } from './discovery.ts';
import type { Failure } from './protocol.ts';
import * as version from './version.ts';

export interface Action {
  title: string;
  command: string;
  arguments?: unknown[];
}

export interface Said {
  text: string;
  actions: Action[];
}

export const LOG: Action = { title: 'Show Log', command: 'tenon.showLog' };
const SETTINGS: Action = { title: 'Open Settings', command: 'tenon.openSettings' };
const WALKTHROUGH: Action = { title: 'How to Install', command: 'tenon.openWalkthrough' };
const RESTART: Action = { title: 'Try Again', command: 'tenon.restartServer' };
const CONFIGURATION: Action = { title: 'Open Configuration', command: 'tenon.openConfiguration' };
const KEY: Action = { title: 'Store an API Key…', command: 'tenon.storeKey' };
const TRUST: Action = { title: 'Look and Trust…', command: 'tenon.trustWorkspace' };
const DEBUG: Action = { title: 'Copy Debug Information', command: 'tenon.copyDebugInformation' };

export function notFound(found: Exclude<Found, { kind: 'found' }>): Said {
  return found.kind === 'setting-not-there'
    ? {
        text: `Tenon: the setting tenon.server.path names ${found.program}, which is not a program here. Correct it, or empty it to use the one on the PATH.`,
        actions: [SETTINGS, RESTART],
      }
    : {
        text: 'Tenon: the server “tenon” was not found on the PATH, and none came with the extension. Install it, or name it in tenon.server.path.',
        actions: [WALKTHROUGH, SETTINGS, RESTART],
      };
}

export function wrongVersion(program: string, said: string, extension: version.Version): Said {
  return {
    text: `Tenon: ${program} is “${said}”, and this extension needs ${version.wanted(extension)}. Update one of them, or name another server in tenon.server.path.`,
    actions: [SETTINGS, RESTART],
  };
}

export function cannotRun(program: string, why: string): Said {
  return {
    text: `Tenon: ${program} cannot be run: ${why}. Name another server in tenon.server.path.`,
    actions: [SETTINGS, RESTART, LOG],
  };
}

export function crashedTooOften(count: number): Said {
  return {
    text: `Tenon: the server ended by itself ${count} times in three minutes, and is not started again. Your text is as you see it; pending changes come back with the server.`,
    actions: [{ ...RESTART, title: 'Restart' }, LOG, DEBUG],
  };
}

export function silent(program: string, seconds: number): Said {
  return {
    text: `Tenon: ${program} was started and says nothing since ${seconds} seconds. Is it the server? Name another in tenon.server.path, or look into the log.`,
    actions: [SETTINGS, RESTART, LOG],
  };
}

/** Where there is no server, and none is wrong either. */
export function notOnDisk(scheme: string): Said {
  return {
    text: `Tenon: this workspace is not on a disk (“${scheme}:”), so the server cannot see its files. Open the folder locally, or over Remote SSH, WSL or a container.`,
    actions: [],
  };
}

export const NOT_YET: Said = { text: 'Tenon: the server does not run yet. Try again in a moment.', actions: [LOG] };

/** What can be done about a proposal that is ready. None else is meant, whatever waits by the time it is chosen. */
export function decisions(proposal: string): Action[] {
  const target = { proposal: { id: proposal, title: '', files: [] } };
  return [
    { title: 'Review', command: 'tenon.nextChange' },
    { title: 'Accept All', command: 'tenon.acceptAll', arguments: [target] },
    { title: 'Reject All', command: 'tenon.rejectAll', arguments: [target] },
  ];
}

/** A failure with its hint. */
export function told(failure: Pick<Failure, 'message' | 'hint'>): string {
  const hint = failure.hint ? ` (${failure.hint})` : '';
  return `Tenon: ${failure.message}${hint}`;
}

/** What can be done about an error of the server, most useful first. */
export function actionsFor(code: string): Action[] {
  switch (code) {
    case 'key-not-set':
    case 'model-authentication':
      return [KEY, CONFIGURATION, LOG];
    case 'no-model':
      return [CONFIGURATION, WALKTHROUGH_MODEL, LOG];
    case 'workspace-untrusted':
    case 'workspace-changed':
    case 'restricted':
      return [TRUST];
    case 'desynchronised-document':
      return [{ title: 'Restart Server', command: 'tenon.restartServer' }, LOG];
    case 'internal':
      return [LOG, DEBUG];
    default:
      return code.startsWith('config') || CONFIG_CODES.has(code) ? [CONFIGURATION, LOG] : [LOG];
  }
}

const WALKTHROUGH_MODEL: Action = { title: 'Get Started', command: 'tenon.openWalkthrough' };

const CONFIG_CODES = new Set([
  'unknown-key',
  'missing-key',
  'wrong-type',
  'out-of-range',
  'unknown-value',
  'unknown-model',
  'unknown-provider',
  'bad-url',
  'insecure-url',
  'key-in-config',
  'bad-variable-name',
  'model-payment',
  'model-bad-request',
  'model-network',
]);

/** Why a document cannot be worked on; nothing when it can. */
export function notADocument(scheme: string): string | undefined {
  switch (scheme) {
    case 'file':
      return undefined;
    case 'untitled':
      return 'Tenon: this document has no file yet. Save it first; changes are made to files, so that they can be taken back.';
    case 'vscode-notebook-cell':
      return 'Tenon: cells of notebooks are not supported. Open the notebook as text to have it changed.';
    default:
      return `Tenon: this document is not a file on the disk (“${scheme}:”), so the server cannot see it. Open the file itself, or the folder locally or over Remote SSH, WSL or a container.`;
  }
}
