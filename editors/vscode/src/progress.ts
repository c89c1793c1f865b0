/**
 * Shows the server's progress with a way to cancel it. The client library would show it without a button.
 */
import * as vscode from 'vscode';
import type { ProgressToken, WorkDoneProgressBegin, WorkDoneProgressEnd, WorkDoneProgressReport } from 'vscode-languageclient/node';

type Value = WorkDoneProgressBegin | WorkDoneProgressReport | WorkDoneProgressEnd;

interface Running {
  title: string;
  percent: number;
  message: string | undefined;
  report: (value: { message?: string; increment?: number }) => void;
  end: () => void;
}

export class Tasks {
  readonly #running = new Map<ProgressToken, Running>();
  readonly #changed = new vscode.EventEmitter<void>();
  /** A task began or ended. */
  readonly onChanged = this.#changed.event;

  constructor(private readonly cancel: (task: string) => void) {}

  /** Ids and titles of what runs. */
  list(): { id: string; title: string }[] {
    return [...this.#running].map(([id, { title }]) => ({ id: String(id), title }));
  }

  handle(token: ProgressToken, value: Value): void {
    if (value.kind === 'begin') {
      this.#begin(token, value);
      this.#changes();
    }
    const running = this.#running.get(token);
    if (running === undefined) {
      return;
    }
    if (value.kind === 'report') {
      const percent = Math.max(running.percent, value.percentage ?? 0);
      const increment = percent - running.percent;
      running.percent = percent;
      running.message = value.message ?? running.message;
      running.report({ increment, ...(value.message ? { message: value.message } : {}) });
    } else if (value.kind === 'end') {
      running.end();
      this.#running.delete(token);
      this.#changes();
    }
  }

  /** The server is gone, and with it what it did. */
  clear(): void {
    for (const running of this.#running.values()) {
      running.end();
    }
    this.#running.clear();
    this.#changes();
  }

  #changes(): void {
    void vscode.commands.executeCommand('setContext', 'tenon.busy', this.#running.size > 0);
    this.#changed.fire();
  }

  #begin(token: ProgressToken, { title, message, percentage }: WorkDoneProgressBegin): void {
    this.#running.get(token)?.end();
    let end = () => {};
    const ended = new Promise<void>((resolve) => (end = resolve));
    const running: Running = { title, percent: percentage ?? 0, message, report: () => {}, end };
    this.#running.set(token, running);
    const shows = vscode.workspace.getConfiguration('tenon').get('progress', 'notification');
    const location = shows === 'notification' ? vscode.ProgressLocation.Notification : vscode.ProgressLocation.Window;
    void vscode.window.withProgress({ location, title: `Tenon: ${title}`, cancellable: true }, (progress, cancellation) => {
      running.report = (value) => progress.report(value);
      // What was told before the notification was there.
      running.report({ increment: running.percent, ...(running.message ? { message: running.message } : {}) });
      cancellation.onCancellationRequested(() => this.cancel(String(token)));
      return ended;
    });
  }
}
