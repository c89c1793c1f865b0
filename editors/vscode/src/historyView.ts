/** The tree of what was done, with undo and redo of each step. A step whose lines changed since can be merged. */
import * as vscode from 'vscode';

import * as history from './history.ts';
import { LOG, told } from './messages.ts';
import { failure, type Operation } from './protocol.ts';
import { revealed } from './revealed.ts';
import type { Server } from './server.ts';

export class HistoryView implements vscode.TreeDataProvider<Operation>, vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #view: vscode.TreeView<Operation>;
  readonly #subscriptions: vscode.Disposable[];

  readonly onDidChangeTreeData = this.#changed.event;

  constructor(private readonly server: Server) {
    this.#view = vscode.window.createTreeView('tenon.history', { treeDataProvider: this });
    this.#subscriptions = [
      // How long ago a step was is told anew.
      this.#view.onDidChangeVisibility(({ visible }) => visible && this.refresh()),
      server.onLife(() => this.refresh()),
      server.onEvent(({ kind }) => {
        if (kind === 'applied' || kind === 'undone') {
          this.refresh();
        }
      }),
    ];
  }

  /** Leads to the tree, with the newest step selected: keys act on it at once. */
  async show(): Promise<void> {
    await vscode.commands.executeCommand('tenon.history.focus');
    const [newest] = await this.getChildren();
    await revealed(this.#view, () => newest, {});
  }

  /** The step that is selected. */
  selected(): Operation | undefined {
    return this.#view.selection[0];
  }

  refresh(): void {
    this.#changed.fire();
  }

  async getChildren(item?: Operation): Promise<Operation[]> {
    if (item !== undefined || !this.server.isRunning) {
      return [];
    }
    try {
      return (await this.server.command<{ operations: Operation[] }>('tenon.history')).operations;
    } catch {
      return [];
    }
  }

  /** Steps have none; without this nothing can be revealed. */
  getParent(): undefined {
    return undefined;
  }

  getTreeItem(operation: Operation): vscode.TreeItem {
    const item = new vscode.TreeItem(operation.title);
    item.id = operation.operation;
    item.description = history.description(operation, Date.now());
    item.tooltip = history.tooltip(operation);
    item.contextValue = operation.state;
    const icons: Record<string, string> = { applied: 'check', undone: 'discard', interrupted: 'warning' };
    item.iconPath = new vscode.ThemeIcon(icons[operation.state] ?? 'circle-outline');
    item.accessibilityInformation = { label: `${operation.title}, ${item.description}` };
    return item;
  }

  /** Takes a step back or makes it again; without one the last. */
  async take(command: 'tenon.undo' | 'tenon.redo', item?: Operation): Promise<void> {
    await this.#take(command, item ? { operation: item.operation } : {});
  }

  async #take(command: 'tenon.undo' | 'tenon.redo', which: object): Promise<void> {
    try {
      await this.server.command(command, which);
    } catch (thrown) {
      const refusal = failure(thrown);
      if (refusal.code !== 'changed-since') {
        this.server.refused(thrown);
        return;
      }
      const merge = 'Merge and Show';
      const ways = refusal.isMergeable ? [merge, LOG.title] : [LOG.title];
      const chosen = await vscode.window.showWarningMessage(told(refusal), ...ways);
      if (chosen === merge) {
        await this.server.attempt(command, { ...which, merge: true });
      } else if (chosen === LOG.title) {
        await vscode.commands.executeCommand(LOG.command);
      }
    }
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) {
      subscription.dispose();
    }
    this.#view.dispose();
    this.#changed.dispose();
  }
}
