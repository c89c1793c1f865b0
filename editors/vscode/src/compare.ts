/**
 * Before and after of a file in the editor's own comparison. The left side is the file itself where there is one, so it
 * can be typed in; the right side is what the server would make of the text as it is now, and follows it.
 * Where nothing is pending any more, both are the same. The keys of review work on either side.
 */
import * as vscode from 'vscode';

import { AFTER, nameOf, whatIsShown } from './after.ts';
import type { Pending, Proposal } from './pending.ts';
import type { ProposedFile, Shown } from './protocol.ts';
import type { Server } from './server.ts';

const NOTHING = 'tenon-nothing';

export class Comparing implements vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  readonly #shown = new Map<string, vscode.Uri>();
  readonly #subscriptions: vscode.Disposable[];

  constructor(
    private readonly server: Server,
    pending: Pending,
  ) {
    this.#subscriptions = [
      vscode.workspace.registerTextDocumentContentProvider(AFTER, {
        onDidChange: this.#changed.event,
        provideTextDocumentContent: (uri) => this.#after(uri),
      }),
      vscode.workspace.registerTextDocumentContentProvider(NOTHING, { provideTextDocumentContent: () => '' }),
      pending.onChanged(() => this.#shown.forEach((uri) => this.#changed.fire(uri))),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => this.#shown.delete(uri.toString())),
    ];
  }

  async open(proposal: Proposal, file: ProposedFile): Promise<void> {
    const itself = vscode.Uri.parse(file.uri);
    const after = nameOf(itself, { proposal: proposal.id, path: file.path });
    this.#shown.set(after.toString(), after);
    const before = file.change === 'create' ? after.with({ scheme: NOTHING }) : itself;
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
    // One of an earlier session of the editor is followed as well.
    this.#shown.set(uri.toString(), uri);
    const { proposal, path } = whatIsShown(uri);
    try {
      const { files } = await this.server.command<Shown>('tenon.show', { proposal, texts: true });
      const file = files.find((file) => file.path === path);
      if (file) {
        return file.after ?? '';
      }
    } catch {
      // The proposal is forgotten, or the server does not run. An empty side would look as if all text were to go.
    }
    const itself = uri.with({ scheme: 'file', query: '' });
    return vscode.workspace.openTextDocument(itself).then((document) => document.getText(), () => '');
  }
}
