/**
 * Before and after of a file in the editor's own comparison. The left side is the file itself where there is one, so it
 * can be typed in; the right side is made from the text as it is now, and follows it.
 */
import * as vscode from 'vscode';

import * as edits from './edits.ts';
import type { Pending, Proposal } from './pending.ts';
import type { ProposedFile } from './protocol.ts';

const AFTER = 'tenon-after';
const NOTHING = 'tenon-nothing';

export class Comparing implements vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  readonly #shown = new Map<string, vscode.Uri>();
  readonly #subscriptions: vscode.Disposable[];

  constructor(private readonly pending: Pending) {
    this.#subscriptions = [
      vscode.workspace.registerTextDocumentContentProvider(AFTER, {
        onDidChange: this.#changed.event,
        provideTextDocumentContent: (uri) => this.#after(uri),
      }),
      vscode.workspace.registerTextDocumentContentProvider(NOTHING, { provideTextDocumentContent: () => '' }),
      pending.onChanged(() => this.#shown.forEach((uri) => this.#changed.fire(uri))),
      vscode.workspace.onDidChangeTextDocument(({ document }) => {
        this.#shown.forEach((uri) => uri.path === document.uri.path && this.#changed.fire(uri));
      }),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => this.#shown.delete(uri.toString())),
    ];
  }

  async open(proposal: Proposal, file: ProposedFile): Promise<void> {
    const itself = vscode.Uri.parse(file.uri);
    const query = JSON.stringify({ proposal: proposal.id, path: file.path });
    const after = itself.with({ scheme: AFTER, query });
    this.#shown.set(after.toString(), after);
    const before = file.change === 'created' ? itself.with({ scheme: NOTHING, query }) : itself;
    const name = file.to ?? file.path;
    await vscode.commands.executeCommand('vscode.diff', before, after, `${name} (now ↔ after “${proposal.title}”)`);
  }

  dispose(): void {
    this.#changed.dispose();
    for (const subscription of this.#subscriptions) {
      subscription.dispose();
    }
  }

  async #after(uri: vscode.Uri): Promise<string> {
    const { proposal: id, path } = JSON.parse(uri.query) as { proposal: string; path: string };
    const proposal = this.pending.proposals.find((proposal) => proposal.id === id);
    const file = proposal?.files.find((file) => file.path === path);
    if (file?.change === 'created') {
      return edits.beforeAndAfter(file, '').after;
    }
    const live = (await vscode.workspace.openTextDocument(uri.with({ scheme: 'file', query: '' }))).getText();
    // All decided: there is nothing left that would change.
    return file ? edits.beforeAndAfter(file, live).after : live;
  }
}
