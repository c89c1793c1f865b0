/**
 * Decisions on pending changes: commands for the hunk at the cursor, a file, a proposal; and how hunks look in the text.
 *
 * A command is about what it is given, an item of the tree, else about the place of the cursor.
 */
import * as vscode from 'vscode';

import * as edits from './edits.ts';
import type { Pending, Placed, Proposal } from './pending.ts';
import type { ProposedFile, Range } from './protocol.ts';
import type { Server } from './server.ts';

/** What a command is about; a tree gives it, or it is found. */
export interface Target {
  proposal: Proposal;
  file?: ProposedFile;
  placed?: Placed;
}

/** Characters shown beside a hunk. */
const ROOM = 80;

export class Review implements vscode.Disposable {
  readonly #removed = vscode.window.createTextEditorDecorationType({
    backgroundColor: new vscode.ThemeColor('tenon.removedBackground'),
    border: '1px dashed',
    borderColor: new vscode.ThemeColor('tenon.removedBorder'),
    isWholeLine: true,
    overviewRulerColor: new vscode.ThemeColor('tenon.overviewRuler'),
    overviewRulerLane: vscode.OverviewRulerLane.Left,
  });
  readonly #inserted = vscode.window.createTextEditorDecorationType({
    after: { color: new vscode.ThemeColor('tenon.insertedForeground'), margin: '0 0 0 2em' },
    overviewRulerColor: new vscode.ThemeColor('tenon.overviewRuler'),
    overviewRulerLane: vscode.OverviewRulerLane.Left,
  });
  readonly #subscriptions: vscode.Disposable[];

  constructor(
    private readonly server: Server,
    private readonly pending: Pending,
  ) {
    this.#subscriptions = [
      pending.onChanged(() => this.#draw()),
      vscode.window.onDidChangeVisibleTextEditors(() => this.#draw()),
      vscode.window.onDidChangeActiveTextEditor(() => this.#draw()),
    ];
  }

  async decideHunk(accepts: boolean, item?: Target): Promise<void> {
    const placed = await this.#hunk(item);
    if (placed) {
      const { proposal, hunk } = placed;
      await this.#decide(accepts, { proposal: proposal.id, hunk: hunk.hunk });
    }
  }

  async decideFile(accepts: boolean, item?: Target): Promise<void> {
    const editor = vscode.window.activeTextEditor;
    const here = editor && item === undefined ? distinct(this.pending.in(editor.document.uri)) : [];
    const files = item?.file ? [{ proposal: item.proposal, file: item.file }] : here;
    if (files.length === 0 && item !== undefined) {
      nothing('Choose a file or a change of it; “Accept All Changes” and “Reject All Changes” are for the whole.');
    } else if (files.length === 0) {
      nothing('No change is pending in this file.');
    }
    for (const { proposal, file } of files) {
      await this.#decide(accepts, { proposal: proposal.id, path: file.path });
    }
  }

  async decideAll(accepts: boolean, item?: Target, confirm = false): Promise<void> {
    const proposal = await this.#proposal(item);
    if (proposal) {
      await this.#decide(accepts, { proposal: proposal.id, ...(confirm ? { confirm } : {}) });
    }
  }

  async step(command: 'tenon.next' | 'tenon.previous'): Promise<void> {
    const editor = vscode.window.activeTextEditor;
    const from = editor && editor.document.uri.scheme === 'file'
      ? { uri: this.server.uri(editor.document.uri), line: editor.selection.active.line + 1 }
      : {};
    await this.server.attempt(command, from);
  }

  async regenerate(item?: Target): Promise<void> {
    const placed = await this.#hunk(item);
    if (placed === undefined) {
      return;
    }
    const remark = await vscode.window.showInputBox({
      title: `Tenon: ask again, ${edits.summary(placed.file, placed.hunk)}`,
      prompt: 'What is wrong with this change? The first instruction goes along.',
      ignoreFocusOut: true,
    });
    if (remark !== undefined && remark.trim() !== '') {
      await this.server.attempt('tenon.regenerate', { proposal: placed.proposal.id, hunk: placed.hunk.hunk, remark: remark.trim() });
    }
  }

  /** The file, or one that is asked for, whose before and after shall be seen. */
  async fileToCompare(item?: Target): Promise<{ proposal: Proposal; file: ProposedFile } | undefined> {
    if (item?.file) {
      return { proposal: item.proposal, file: item.file };
    }
    const editor = vscode.window.activeTextEditor;
    const here = editor ? distinct(this.pending.in(editor.document.uri)) : [];
    const files = here.length > 0 ? here : distinct(this.pending.all());
    if (files.length < 2) {
      return files[0] ?? nothing('No change is pending.');
    }
    const items = files.map((entry) => ({ label: entry.file.path, description: entry.proposal.title, entry }));
    return (await vscode.window.showQuickPick(items, { title: 'Compare which file?' }))?.entry;
  }

  dispose(): void {
    this.#removed.dispose();
    this.#inserted.dispose();
    for (const subscription of this.#subscriptions) {
      subscription.dispose();
    }
  }

  async #decide(accepts: boolean, selection: object): Promise<void> {
    await this.server.attempt(accepts ? 'tenon.accept' : 'tenon.reject', selection);
    this.pending.schedule();
  }

  async #hunk(item?: Target): Promise<Placed | undefined> {
    if (item) {
      return item.placed ?? nothing('Choose a single change; this row has several.');
    }
    const editor = vscode.window.activeTextEditor;
    if (editor && !(await this.pending.settle(editor.document))) {
      return nothing('The server does not know the text as it is yet. Try again in a moment.');
    }
    const placed = editor && this.pending.at(editor);
    return placed ?? nothing('No pending change is at the cursor. “Go to Next Pending Change” leads to one.');
  }

  async #proposal(item?: Target): Promise<Proposal | undefined> {
    const { proposals } = this.pending;
    if (item || proposals.length < 2) {
      return item?.proposal ?? proposals[0] ?? nothing('No change is pending.');
    }
    const items = [...proposals].reverse().map((proposal) => ({ label: proposal.title, description: proposal.id, proposal }));
    return (await vscode.window.showQuickPick(items, { title: 'Which change?' }))?.proposal;
  }

  #draw(): void {
    for (const editor of vscode.window.visibleTextEditors) {
      const removed: vscode.DecorationOptions[] = [];
      const inserted: vscode.DecorationOptions[] = [];
      const isItself = editor.document.uri.scheme === 'file';
      for (const placed of isItself ? this.pending.in(editor.document.uri) : []) {
        const { range } = placed.hunk;
        if (placed.file.change === 'modify' && range) {
          const { lines, last } = place(editor.document, range);
          const hoverMessage = hover(placed);
          if (lines) {
            removed.push({ range: lines, hoverMessage });
          }
          const gist = edits.gist(placed.hunk, ROOM);
          const contentText = `→ ${gist === '' ? edits.summary(placed.file, placed.hunk) : gist}`;
          // Shown once: by what goes, or else by the line at which something comes in.
          const once = lines ? {} : { hoverMessage };
          inserted.push({ range: last, ...once, renderOptions: { after: { contentText } } });
        }
      }
      editor.setDecorations(this.#removed, removed);
      editor.setDecorations(this.#inserted, inserted);
    }
    const active = vscode.window.activeTextEditor;
    const here = active !== undefined && this.pending.in(active.document.uri).length > 0;
    void vscode.commands.executeCommand('setContext', 'tenon.pendingHere', here);
  }
}

/** The lines that go, if any, and the end of the line beside which is said what comes. */
function place(document: vscode.TextDocument, range: Range): { lines?: vscode.Range; last: vscode.Range } {
  const beside = document.lineAt(Math.min(edits.lastLine(range), document.lineCount - 1)).range;
  return edits.isInsertion(range)
    ? { last: beside }
    : { last: new vscode.Range(beside.end, beside.end), lines: new vscode.Range(range.start.line, 0, beside.end.line, beside.end.character) };
}

function hover({ proposal, file, hunk }: Placed): vscode.MarkdownString {
  const text = new vscode.MarkdownString();
  text.appendText(`Pending: ${edits.summary(file, hunk)} (${proposal.title}${hunk.doubt ? `; place: ${hunk.doubt}` : ''})`);
  text.appendCodeblock(edits.asDiff(hunk), 'diff');
  return text;
}

/** Each file of a proposal once. */
function distinct(placed: Placed[]): { proposal: Proposal; file: ProposedFile }[] {
  return [...new Map(placed.map(({ proposal, file }) => [file, { proposal, file }])).values()];
}

function nothing(what: string): undefined {
  void vscode.window.showInformationMessage(`Tenon: ${what}`);
  return undefined;
}
