/**
 * Before and after of a file in the editor's own comparison. The left side is the file itself where there is one, so it
 * can be typed in; the right side is what the server would make of the text as it is now, and follows it.
 */
import * as vscode from 'vscode';

import type { Pending, Proposal } from './pending.ts';
import type { ProposedFile, Shown } from './protocol.ts';
import type { Server } from './server.ts';

const AFTER = 'tenon-after';
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
    const query = JSON.stringify({ proposal: proposal.id, path: file.path });
    const after = itself.with({ scheme: AFTER, query });
    this.#shown.set(after.toString(), after);
    const before = file.change === 'create' ? itself.with({ scheme: NOTHING, query }) : itself;
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
    const { proposal, path } = JSON.parse(uri.query) as { proposal: string; path: string };
    try {
      const { files } = await this.server.command<Shown>('tenon.show', { proposal, texts: true });
      return files.find((file) => file.path === path)?.after ?? '';
    } catch {
      return '';
    }
  }
}
