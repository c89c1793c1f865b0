/** The tree of what is pending: proposals, their files with the number of open changes, and the changes. */
import * as vscode from 'vscode';

import * as edits from './edits.ts';
import type { Pending } from './pending.ts';
import { revealed } from './revealed.ts';
import type { Target } from './review.ts';

const CHANGES = { modify: 'modified', create: 'created', delete: 'deleted', rename: 'renamed' };

export class ChangesView implements vscode.TreeDataProvider<Target>, vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #view: vscode.TreeView<Target>;
  readonly #subscription: vscode.Disposable;

  readonly onDidChangeTreeData = this.#changed.event;

  constructor(private readonly pending: Pending) {
    this.#view = vscode.window.createTreeView('tenon.changes', { treeDataProvider: this, showCollapseAll: true });
    this.#subscription = pending.onChanged(() => this.#refresh());
  }

  /** What is selected, if it still waits for a decision. */
  selected(): Target | undefined {
    const [item] = this.#view.selection;
    return item && this.#isThere(item) ? item : undefined;
  }

  getChildren(item?: Target): Target[] {
    if (item === undefined) {
      return [...this.pending.proposals].reverse().map((proposal) => ({ proposal }));
    }
    const { proposal, file } = item;
    if (item.placed) {
      return [];
    }
    return file
      ? edits.open(file).map((hunk) => ({ proposal, file, placed: { proposal, file, hunk } }))
      : proposal.files.filter((file) => edits.open(file).length > 0).map((file) => ({ proposal, file }));
  }

  getParent({ proposal, file, placed }: Target): Target | undefined {
    if (placed && file) {
      return { proposal, file };
    }
    return file ? { proposal } : undefined;
  }

  /** Leads to the tree, with the newest proposal selected: keys act on it at once. */
  async show(): Promise<void> {
    await vscode.commands.executeCommand('tenon.changes.focus');
    const newest = (): Target | undefined => {
      const proposal = this.pending.proposals.at(-1);
      return proposal && { proposal };
    };
    await revealed(this.#view, newest, { expand: 2 });
  }

  getTreeItem({ proposal, file, placed }: Target): vscode.TreeItem {
    if (file && placed) {
      const span = file.change === 'modify' ? edits.lines(file, placed.hunk) : undefined;
      const item = new vscode.TreeItem(edits.summary(file, placed.hunk));
      item.id = `${proposal.id}/${placed.hunk.hunk}`;
      item.contextValue = placed.hunk.stale !== null ? 'stale' : 'hunk';
      item.iconPath = new vscode.ThemeIcon(placed.hunk.stale !== null ? 'warning' : 'diff-modified');
      if (span) {
        item.description = `line ${span.first + 1}`;
      }
      item.tooltip = edits.gist(placed.hunk, 200);
      item.accessibilityInformation = { label: `${edits.summary(file, placed.hunk)}, ${item.description ?? file.path}` };
      const uri = vscode.Uri.parse(file.uri);
      const at = span?.first ?? 0;
      item.command = file.change === 'create'
        ? { title: 'Compare', command: 'tenon.openDiff', arguments: [{ proposal, file }] }
        : { title: 'Show', command: 'vscode.open', arguments: [uri, { selection: new vscode.Range(at, 0, at, 0), preserveFocus: true }] };
      return item;
    }
    if (file) {
      const n = edits.open(file).length;
      const item = new vscode.TreeItem(file.path, vscode.TreeItemCollapsibleState.Expanded);
      item.id = `${proposal.id}:${file.path}`;
      item.contextValue = 'file';
      item.resourceUri = vscode.Uri.parse(file.uri);
      item.description = file.change === 'modify' ? `${n}` : CHANGES[file.change];
      item.accessibilityInformation = { label: `${file.path}, ${CHANGES[file.change]}, ${n} pending` };
      return item;
    }
    const n = proposal.files.reduce((sum, file) => sum + edits.open(file).length, 0);
    const item = new vscode.TreeItem(proposal.title, vscode.TreeItemCollapsibleState.Expanded);
    item.id = proposal.id;
    item.contextValue = 'proposal';
    item.iconPath = new vscode.ThemeIcon('sparkle');
    item.description = `${n} pending`;
    item.accessibilityInformation = { label: `${proposal.title}, ${n} pending` };
    return item;
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#view.dispose();
    this.#changed.dispose();
  }

  #refresh(): void {
    const n = this.pending.all().length;
    this.#view.badge = n > 0 ? { value: n, tooltip: `${n} changes wait for your decision` } : undefined;
    this.#changed.fire();
  }

  #isThere({ proposal, placed }: Target): boolean {
    return placed
      ? this.pending.all().some((open) => open.proposal.id === proposal.id && open.hunk.hunk === placed.hunk.hunk)
      : this.pending.proposals.some(({ id }) => id === proposal.id);
  }
}
