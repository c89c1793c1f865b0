/** The status item and the menu behind it: what runs, what is wrong, and what can be done. */
import * as vscode from 'vscode';

import type { Pending } from './pending.ts';
import type { Tasks } from './progress.ts';
import type { Server } from './server.ts';
import { shown, troubles } from './statusText.ts';
import { within } from './within.ts';

/** How often a running task's progress is asked for, in milliseconds. */
const PACE = 1_000;

/** Longest wait for the server before the menu is shown, in milliseconds. */
const ANSWERS = 1_000;

interface Item extends vscode.QuickPickItem {
  command?: string;
  arguments?: unknown[];
}

export class StatusItem implements vscode.Disposable {
  readonly #item = vscode.window.createStatusBarItem('tenon.status', vscode.StatusBarAlignment.Right, 100);
  readonly #subscriptions: vscode.Disposable[];
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly server: Server,
    private readonly pending: Pending,
    private readonly tasks: Tasks,
  ) {
    this.#item.name = 'Tenon';
    this.#item.command = 'tenon.showMenu';
    this.#subscriptions = [
      server.onLife(() => this.#draw()),
      pending.onStatus(() => this.#draw()),
      tasks.onChanged(() => this.#follow()),
    ];
    this.#draw();
    this.#item.show();
  }

  /** What is going on, and every way on from there. */
  async menu(): Promise<void> {
    // A server that hangs is no reason to show nothing: here it can be restarted.
    await within(this.pending.refresh(), ANSWERS);
    const running: Item[] = this.tasks.list().map(({ id, title }) => ({
      label: `$(stop-circle) Cancel: ${title}`,
      command: 'tenon.cancelTask',
      arguments: [id],
    }));
    const status = this.pending.status;
    const ill: Item[] = (status ? troubles(status) : [this.server.reason].filter((reason) => reason !== ''))
      .map((trouble) => ({ label: `$(warning) ${trouble}`, command: 'tenon.showLog' }));
    const open = this.pending.all().length;
    const trust: Item[] = status?.trust && status.trust !== 'trusted'
      ? [{ label: '$(shield) Workspace settings are not trusted', description: 'look, and decide', command: 'tenon.trustWorkspace' }]
      : [];
    const title = this.server.isRunning ? `Tenon ${status?.version ?? ''}` : 'Tenon does not run';
    const rest: Item[] = [
      ...(open > 0 ? [{ label: `$(git-pull-request) ${open} pending changes`, command: 'tenon.showChanges' }] : []),
      { label: '$(history) History', command: 'tenon.showHistory' },
      { label: '$(gear) Configuration file', command: 'tenon.openConfiguration' },
      { label: '$(key) Store an API key', command: 'tenon.storeKey' },
      { label: '$(output) Log', command: 'tenon.showLog' },
      { label: '$(debug-restart) Restart server', command: 'tenon.restartServer' },
      { label: '$(clippy) Copy debug information', command: 'tenon.copyDebugInformation' },
    ];
    const chosen = await vscode.window.showQuickPick([...running, ...ill, ...trust, ...rest], { title });
    if (chosen?.command) {
      await vscode.commands.executeCommand(chosen.command, ...(chosen.arguments ?? []));
    }
  }

  dispose(): void {
    clearInterval(this.#timer);
    this.#item.dispose();
    for (const subscription of this.#subscriptions) {
      subscription.dispose();
    }
  }

  /** While something runs its progress is asked for, and not otherwise. */
  #follow(): void {
    const runs = this.tasks.list().length > 0;
    if (runs && this.#timer === undefined) {
      this.#timer = setInterval(() => void this.pending.refresh(), PACE);
    } else if (!runs) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
    this.pending.schedule();
  }

  #draw(): void {
    const { status } = this.pending;
    const providers = status?.providers.length ?? 0;
    void vscode.commands.executeCommand('setContext', 'tenon.hasModel', this.server.isRunning && providers > 0);
    const { text, tooltip, label, look } = shown(this.server.life, status, this.server.reason);
    this.#item.text = text;
    this.#item.tooltip = tooltip;
    this.#item.accessibilityInformation = { label, role: 'button' };
    this.#item.backgroundColor = look === 'plain' ? undefined : new vscode.ThemeColor(`statusBarItem.${look}Background`);
  }
}
