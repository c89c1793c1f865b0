/** Names of documents that show a file as it would be: the path of the file, and in the query what it is of. */
import type * as vscode from 'vscode';

/** Their scheme. */
export const AFTER = 'tenon-after';

export interface Of {
  proposal: string;
  path: string;
}

export function nameOf(file: vscode.Uri, { proposal, path }: Of): vscode.Uri {
  return file.with({ scheme: AFTER, query: JSON.stringify({ proposal, path }) });
}

/** What a document of this scheme is of. */
export function whatIsShown({ query }: vscode.Uri): Of {
  return JSON.parse(query) as Of;
}
