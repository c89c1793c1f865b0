/**
 * The commands that ask for a change: which document, which lines, which words.
 *
 * A document that cannot be worked on is explained before anything is sent. The lines that were selected are meant, also
 * when the text is typed in while the question is open.
 */
import * as fs from 'node:fs/promises';
import * as vscode from 'vscode';

import { notADocument } from './messages.ts';
import type { Server } from './server.ts';
import { moved, type Lines } from './tracking.ts';

type Extent = 'selection' | 'file';

export class Asking {
  /** What was asked last, offered again when a request is repeated. */
  #last = '';

  constructor(private readonly server: Server) {}

  /** Asks for an instruction in words. */
  async edit(extent: Extent): Promise<void> {
    const editor = await target();
    if (editor === undefined) {
      return;
    }
    const { document, selection } = editor;
    const range = extent === 'file' || selection.isEmpty ? undefined : wholeLines(selection, document);
    const name = vscode.workspace.asRelativePath(document.uri);
    const what = range ? `lines ${range.start.line + 1} to ${lastLine(range) + 1} of ${name}` : `${name} as a whole`;
    let lines = range && { first: range.start.line, last: range.end.line };
    const following = vscode.workspace.onDidChangeTextDocument((change) => {
      if (change.document === document && lines !== undefined) {
        lines = moved(lines, change.contentChanges);
      }
    });
    const instruction = await vscode.window.showInputBox({
      title: `Tenon: edit ${what}`,
      prompt: 'What should change? You can go on typing in the editor afterwards.',
      placeHolder: this.#last === '' ? 'For example: make it async' : this.#last,
      ignoreFocusOut: true,
    }).then((text) => text?.trim() ?? '', () => '');
    following.dispose();
    if (instruction === '') {
      return;
    }
    this.#last = instruction;
    const argument = lines ? { instruction, range: plain(allOf(lines, document)) } : { instruction };
    await this.#send('tenon.edit', document, argument);
  }

  /** Asks by the name of an intent. */
  async intend(intent: 'comment' | 'implement' | 'document' | 'refactor' | 'tests'): Promise<void> {
    const editor = await target();
    if (editor === undefined) {
      return;
    }
    if (intent === 'refactor' && editor.selection.isEmpty) {
      void vscode.window.showInformationMessage('Tenon: select the lines to refactor first.');
      return;
    }
    await this.#send('tenon.edit', editor.document, { intent, range: plain(editor.selection) });
  }

  /** Opens a page for a request that is longer than a line. */
  async page(): Promise<void> {
    const editor = await target();
    if (editor === undefined) {
      return;
    }
    const { document, selection } = editor;
    const range = selection.isEmpty ? {} : { range: plain(wholeLines(selection, document)) };
    await this.server.attempt('tenon.ask', { uri: this.server.uri(document.uri), ...range });
  }

  /** Sends what stands on the page in the editor, else on the latest. */
  async runPage(): Promise<void> {
    const uri = vscode.window.activeTextEditor?.document.uri;
    const isPage = uri?.scheme === 'file' && /\/ask-\d+\.md$/.test(uri.path);
    await this.server.attempt('tenon.run', isPage ? { page: this.server.uri(uri) } : {});
  }

  /** Asks to fix what other tools found at the cursor or in the selection. */
  async fix(): Promise<void> {
    const editor = await target();
    if (editor === undefined) {
      return;
    }
    const { document, selection } = editor;
    const found = vscode.languages
      .getDiagnostics(document.uri)
      .filter((found) => found.source !== 'tenon' && touches(found.range, selection));
    if (found.length === 0) {
      void vscode.window.showInformationMessage('Tenon: no problem is reported here. Put the cursor on one, or describe the change with “Edit Selection…”.');
      return;
    }
    const diagnostics = found.map(({ range, message, source }) => ({ range: plain(range), message, ...(source ? { source } : {}) }));
    await this.#send('tenon.fix', document, { range: plain(selection), diagnostics });
  }

  async #send(command: string, document: vscode.TextDocument, argument: object): Promise<void> {
    const sent = await this.server.attempt(command, { uri: this.server.uri(document.uri), ...argument });
    if (sent !== undefined) {
      void vscode.commands.executeCommand('setContext', 'tenon.asked', true);
    }
  }
}

/** The editor to work in, if its document can be worked on; else says why not. */
async function target(): Promise<vscode.TextEditor | undefined> {
  const editor = vscode.window.activeTextEditor;
  if (editor === undefined) {
    void vscode.window.showInformationMessage('Tenon: open a file first.');
    return undefined;
  }
  const { uri } = editor.document;
  const problem = notADocument(uri.scheme);
  if (problem !== undefined) {
    const save = 'Save…';
    const chosen = await vscode.window.showWarningMessage(problem, ...(uri.scheme === 'untitled' ? [save] : []));
    const isSaved = chosen === save && (await vscode.workspace.save(uri)) !== undefined;
    return isSaved ? target() : undefined;
  }
  return (await isWritable(uri)) || (await goesOnReadOnly(uri)) ? editor : undefined;
}

async function isWritable(uri: vscode.Uri): Promise<boolean> {
  try {
    await fs.access(uri.fsPath, fs.constants.W_OK);
    // The superuser may write everything, and is warned all the same.
    return ((await fs.stat(uri.fsPath)).mode & 0o222) !== 0;
  } catch (thrown) {
    // A file that is not there yet is made when it is saved.
    return (thrown as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

async function goesOnReadOnly(uri: vscode.Uri): Promise<boolean> {
  const onwards = 'Ask Anyway';
  const name = vscode.workspace.asRelativePath(uri);
  const text = `Tenon: ${name} is read-only. A change could be shown, but not saved until you may write the file.`;
  return (await vscode.window.showWarningMessage(text, onwards)) === onwards;
}

function wholeLines(selection: vscode.Selection, document: vscode.TextDocument): vscode.Range {
  return allOf({ first: selection.start.line, last: lastLine(selection) }, document);
}

/** Lines from the start of the first to the end of the last. */
function allOf({ first, last }: Lines, document: vscode.TextDocument): vscode.Range {
  return new vscode.Range(new vscode.Position(first, 0), document.lineAt(Math.min(last, document.lineCount - 1)).range.end);
}

/** A selection of whole lines ends at the start of the next, which is not meant. */
function lastLine(range: vscode.Range): number {
  return range.end.character === 0 && range.end.line > range.start.line ? range.end.line - 1 : range.end.line;
}

function touches(range: vscode.Range, selection: vscode.Selection): boolean {
  return range.start.line <= selection.end.line && range.end.line >= selection.start.line;
}

function plain({ start, end }: vscode.Range) {
  return {
    start: { line: start.line, character: start.character },
    end: { line: end.line, character: end.character },
  };
}
