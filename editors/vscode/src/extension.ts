/**
 * The beginning and the end: makes the parts, registers the commands of the category “Tenon”, starts the server.
 *
 * No command has the name of one of the server's: the client library registers those itself.
 */
import * as os from 'node:os';
import * as vscode from 'vscode';

import { Asking } from './ask.ts';
import { ChangesView } from './changesView.ts';
import { Comparing } from './compare.ts';
import * as configuration from './configuration.ts';
import { text as debugText } from './debugInfo.ts';
import { HistoryView } from './historyView.ts';
import { Keys } from './keys.ts';
import { Notices } from './notices.ts';
import { Pending } from './pending.ts';
import { Tasks } from './progress.ts';
import type { Operation } from './protocol.ts';
import { Review, type Target } from './review.ts';
import { Server } from './server.ts';
import { StatusItem } from './status.ts';
import { within } from './within.ts';

/** Settings that the server gets when it starts. */
const STARTING = ['tenon.server.path', 'tenon.server.configFile', 'tenon.server.log'];

let running: Server | undefined;

export function activate(context: vscode.ExtensionContext): void {
  const log = vscode.window.createOutputChannel('Tenon', { log: true });
  const trace = vscode.window.createOutputChannel('Tenon Trace', { log: true });
  const keys = new Keys(context, log);
  const tasks: Tasks = new Tasks((task) => void server.attempt('tenon.cancel', { taskId: task }));
  const server: Server = new Server(context, keys, log, trace, {
    handleWorkDoneProgress: (token, value) => tasks.handle(token, value),
  });
  running = server;
  const pending = new Pending(server);
  const changes = new ChangesView(pending);
  const history = new HistoryView(server);
  const review = new Review(server, pending);
  const comparing = new Comparing(server, pending);
  const status = new StatusItem(server, pending, tasks);
  const notices = new Notices(server, pending);
  const asking = new Asking(server);
  context.subscriptions.push(log, trace, server, pending, changes, history, review, comparing, status, notices);

  const compare = async (item?: Target): Promise<void> => {
    const found = await review.fileToCompare(item);
    if (found) {
      await comparing.open(found.proposal, found.file);
    }
  };
  const cancel = async (task?: string): Promise<void> => {
    const list = tasks.list();
    const only = list.length === 1 ? list[0]?.id : undefined;
    const items = list.map(({ id, title }) => ({ label: title, description: id, id }));
    const chosen = task ?? only ?? (await vscode.window.showQuickPick(items, { title: 'Cancel which task?' }))?.id;
    if (chosen !== undefined) {
      await server.attempt('tenon.cancel', { taskId: chosen });
    }
  };
  const restart = async (): Promise<void> => {
    tasks.clear();
    await server.restart();
  };
  // What the server depends on changed. A running task is not lost without a question.
  const takeUp = async (what: string): Promise<boolean> => {
    const again = 'Restart Server';
    const text = `Tenon: ${what} when the server is restarted; a task is running, and would end.`;
    const goesOn = tasks.list().length === 0 || (await vscode.window.showInformationMessage(text, again)) === again;
    if (goesOn) {
      await restart();
    }
    return goesOn && server.isRunning;
  };
  const copyDebugInformation = async (): Promise<void> => {
    // A server that hangs is no reason to say nothing.
    await within(pending.refresh(), 1_000);
    await vscode.env.clipboard.writeText(debugText({
      extension: String(context.extension.packageJSON.version),
      editor: `${vscode.env.appName} ${vscode.version}`,
      platform: `${process.platform} ${process.arch}`,
      remote: vscode.env.remoteName ?? '',
      isTrusted: vscode.workspace.isTrusted,
      folders: vscode.workspace.workspaceFolders?.length ?? 0,
      life: server.life,
      reason: server.reason,
      crashes: server.crashes,
      program: server.program,
      keys: keys.names().length,
      home: os.homedir(),
      status: pending.status,
    }));
    void vscode.window.showInformationMessage('Tenon: debug information is in the clipboard. It has no text of yours.');
  };
  const restartWithKeys = async (changed: boolean): Promise<void> => {
    if (changed && (await takeUp('the keys count as they are now'))) {
      void vscode.window.showInformationMessage('Tenon: the server has the keys as they are now.');
    }
  };
  // The terminal closes with the last answer, so what came of it is told here.
  const restartWithTrust = async (): Promise<void> => {
    if (await takeUp('what you said counts')) {
      await within(pending.refresh(), 1_000);
      const isTrusted = pending.status?.trust === 'trusted';
      void vscode.window.showInformationMessage(`Tenon: the settings of this workspace are ${isTrusted ? '' : 'not '}trusted.`);
    }
  };

  // A menu of a tree gives its item, one of the editor a URI, and a key pressed in the tree says only that it was there.
  const on = (run: (item?: Target) => Promise<void>) => async (given?: Target | { view: true }): Promise<void> => {
    if (given === undefined || 'proposal' in given) {
      return run(given);
    }
    const selected = 'view' in given ? changes.selected() : undefined;
    if ('view' in given && selected === undefined) {
      void vscode.window.showInformationMessage('Tenon: choose a row with Enter first.');
      return;
    }
    await run(selected);
  };

  const onStep = (command: 'tenon.undo' | 'tenon.redo') => async (given?: Operation | { view: true }): Promise<void> => {
    const step = given !== undefined && 'view' in given ? history.selected() : given;
    if (step === undefined) {
      void vscode.window.showInformationMessage('Tenon: choose a step of the history with Enter first.');
      return;
    }
    await history.take(command, step);
  };

  const commands: Record<string, (...args: never[]) => unknown> = {
    editSelection: () => asking.edit('selection'),
    editFile: () => asking.edit('file'),
    fixProblems: () => asking.fix(),
    doComment: () => asking.intend('comment'),
    implementHere: () => asking.intend('implement'),
    documentHere: () => asking.intend('document'),
    refactorSelection: () => asking.intend('refactor'),
    testsHere: () => asking.intend('tests'),
    editOnPage: () => asking.page(),
    runPage: () => asking.runPage(),
    cancelTask: (task?: string) => cancel(typeof task === 'string' ? task : undefined),
    acceptHunk: on((item) => review.decideHunk(true, item)),
    rejectHunk: on((item) => review.decideHunk(false, item)),
    acceptFile: on((item) => review.decideFile(true, item)),
    rejectFile: on((item) => review.decideFile(false, item)),
    acceptAll: on((item) => review.decideAll(true, item)),
    rejectAll: on((item) => review.decideAll(false, item)),
    previewAll: on((item) => review.decideAll(true, item, true)),
    nextChange: () => review.step('tenon.next'),
    previousChange: () => review.step('tenon.previous'),
    regenerateHunk: on((item) => review.regenerate(item)),
    openDiff: on(compare),
    undoLast: () => history.take('tenon.undo'),
    redoLast: () => history.take('tenon.redo'),
    undoOperation: onStep('tenon.undo'),
    redoOperation: onStep('tenon.redo'),
    showHistory: () => history.show(),
    refreshHistory: () => history.refresh(),
    showChanges: () => changes.show(),
    showPrompt: () => server.attempt('tenon.prompt', { open: true }),
    showMenu: () => status.menu(),
    storeKey: async () => restartWithKeys(await keys.ask(() => configuration.resolved(server))),
    forgetKey: async () => restartWithKeys(await keys.forget()),
    openConfiguration: () => configuration.open(server),
    trustWorkspace: () => configuration.trust(server, restartWithTrust),
    openSettings: () => vscode.commands.executeCommand('workbench.action.openSettings', '@ext:tenon.tenon'),
    openWalkthrough: () => vscode.commands.executeCommand('workbench.action.openWalkthrough', 'tenon.tenon#start', false),
    restartServer: restart,
    showLog: () => log.show(),
    copyDebugInformation,
  };
  for (const [name, run] of Object.entries(commands)) {
    context.subscriptions.push(vscode.commands.registerCommand(`tenon.${name}`, run));
  }

  context.subscriptions.push(
    server.onLife(() => {
      if (!server.isRunning) {
        tasks.clear();
      }
    }),
    server.onEvent(({ kind }) => {
      if (kind === 'applied') {
        void vscode.commands.executeCommand('setContext', 'tenon.accepted', true);
      }
    }),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (STARTING.some((name) => change.affectsConfiguration(name))) {
        void takeUp('the setting counts');
      }
    }),
    // A folder on a disk came to a workspace that had none.
    vscode.workspace.onDidChangeWorkspaceFolders(() => {
      if (server.life === 'stopped') {
        void restart();
      }
    }),
    // What the workspace says about the server counts from now on.
    vscode.workspace.onDidGrantWorkspaceTrust(() => {
      const settings = vscode.workspace.getConfiguration();
      const says = (name: string) => {
        const found = settings.inspect(name);
        return found?.workspaceValue !== undefined || found?.workspaceFolderValue !== undefined;
      };
      if (STARTING.some(says)) {
        void takeUp('what the workspace says counts');
      }
    }),
  );
  // The commands work at once, and say what is the matter until the server runs.
  void restart();
}

export async function deactivate(): Promise<void> {
  await running?.stop();
}

