/**
 * What helps to find a defect, for pasting into a report: versions, states, counts. Never text of documents, names of
 * files below the workspace, instructions or keys. Pure.
 */
import type { Status } from './protocol.ts';
import { troubles } from './statusText.ts';

export interface Facts {
  extension: string;
  editor: string;
  platform: string;
  remote: string;
  isTrusted: boolean;
  folders: number;
  life: string;
  reason: string;
  crashes: number;
  program: { path: string; source: string; version: string } | undefined;
  keys: number;
  home: string;
  status: Status | undefined;
}

export function text(facts: Facts): string {
  const { status, program } = facts;
  const count = (n: number, what: string) => `${n} ${what}${n === 1 ? '' : 's'}`;
  const lines = [
    `extension ${facts.extension}, editor ${facts.editor}, ${facts.platform}${facts.remote ? `, remote ${facts.remote}` : ''}`,
    `workspace: ${count(facts.folders, 'folder')}, ${facts.isTrusted ? 'trusted' : 'restricted'} in the editor, ${status?.trust ?? 'unknown'} in the server`,
    `server: ${facts.life}${facts.reason ? ` (${facts.reason})` : ''}, ${count(facts.crashes, 'crash').replace('crashs', 'crashes')}`,
    program ? `program: ${program.path} (${program.source}), ${program.version}` : 'program: none',
    `stored keys: ${facts.keys}`,
  ];
  if (status) {
    const lost = status.documents.filter((document) => document.desynchronised).length;
    lines.push(
      `documents: ${status.documents.length}, ${lost} desynchronised`,
      `tasks: ${status.tasks.map((task) => `${task.stage} ${task.percent} %`).join(', ') || 'none'}`,
      `proposals: ${status.proposals.map(({ id, state, hunks }) => `${id} ${state} (${hunks})`).join(', ') || 'none'}`,
      `providers: ${status.providers.map(({ name, health }) => `${name} ${health}`).join(', ') || 'none'}`,
      `health: ${(status.health ?? []).map(({ component, state }) => `${component} ${state}`).join(', ') || 'unknown'}`,
      ...troubles(status).map((trouble) => `trouble: ${trouble}`),
    );
  }
  return withoutHome(lines.join('\n'), facts.home);
}

/** The user's name is part of the home directory. */
function withoutHome(text: string, home: string): string {
  return home === '' ? text : text.replaceAll(home, '~');
}
