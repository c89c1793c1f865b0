/**
 * The server's life: found, checked, started, watched, started again.
 *
 * There is at most one client. Every way to fail ends in one message with actions and in the status item, and
 * “Restart Server” leads out of each without a restart of the editor. Keys go to the process by its environment only.
 */
import { execFile } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import { promisify } from 'node:util';
import * as vscode from 'vscode';
import {
  CloseAction,
  ErrorAction,
  ExecuteCommandRequest,
  LanguageClient,
  MessageType,
  ShowMessageNotification,
  State,
  type LanguageClientOptions,
} from 'vscode-languageclient/node';

import { expand, find, type Source } from './discovery.ts';
import { environment } from './keyNames.ts';
import type { Keys } from './keys.ts';
import * as messages from './messages.ts';
import { failure, type Event } from './protocol.ts';
import { Crashes } from './restart.ts';
import type { Life } from './statusText.ts';
import * as version from './version.ts';

const run = promisify(execFile);
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Time to see why a start failed, in milliseconds. */
const SETTLES = 500;

/** Time before a server that ended is started again, times the number of crashes, in milliseconds. */
const BREATH = 100;

/** What goes wrong is said once, by us, with what can be done; the library's own words go to the log only. */
class QuietClient extends LanguageClient {
  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }

  override warn(message: string, data?: unknown): void {
    super.warn(message, data, false);
  }

  override info(message: string, data?: unknown): void {
    super.info(message, data, false);
  }
}

export interface Program {
  path: string;
  source: Source;
  version: string;
}

export class Server implements vscode.Disposable {
  readonly #life = new vscode.EventEmitter<void>();
  readonly #events = new vscode.EventEmitter<Event>();
  readonly #marks = new vscode.EventEmitter<void>();
  readonly #crashes = new Crashes();
  readonly #failures = new Map<string, string>();
  #client: LanguageClient | undefined;
  #program: Program | undefined;
  #state: Life = 'starting';
  #reason = '';
  #turn: Promise<void> = Promise.resolve();

  /** The server started or ended. */
  readonly onLife = this.#life.event;
  /** The server told something about a task. */
  readonly onEvent = this.#events.event;
  /** The server marked pending changes anew. */
  readonly onMarks = this.#marks.event;

  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly keys: Keys,
    private readonly log: vscode.LogOutputChannel,
    private readonly trace: vscode.LogOutputChannel,
    private readonly middleware: NonNullable<LanguageClientOptions['middleware']>,
  ) {}

  get life(): Life {
    return this.#state;
  }

  /** Why it does not run, in a sentence. */
  get reason(): string {
    return this.#reason;
  }

  get program(): Program | undefined {
    return this.#program;
  }

  get isRunning(): boolean {
    return this.#state === 'running';
  }

  get crashes(): number {
    return this.#crashes.count;
  }

  /** Starts the server anew; the user asked for it, or what it depends on changed. One start at a time. */
  restart(): Promise<void> {
    this.#crashes.forget();
    this.#turn = this.#turn.then(async () => {
      await this.#end();
      await this.#start();
    });
    return this.#turn;
  }

  /** Where the program is; nothing is started. */
  find(): ReturnType<typeof find> {
    return find({
      setting: vscode.workspace.getConfiguration('tenon').get('server.path', ''),
      searchPath: process.env['PATH'] ?? '',
      extension: this.context.extensionPath,
      home: os.homedir(),
      folders: folders(),
      windows: process.platform === 'win32',
      isProgram,
    });
  }

  /** Runs the program with the server's environment, for what no open server tells; answers its output. */
  async output(args: string[]): Promise<string> {
    const found = this.find();
    if (found.kind !== 'found') {
      throw new Error(messages.notFound(found).text);
    }
    const cwd = folders()[0];
    const options = { env: await this.environment(), timeout: 10_000, windowsHide: true, ...(cwd ? { cwd } : {}) };
    return (await run(found.program, args, options)).stdout;
  }

  /** The environment of the process, with the stored keys. */
  async environment(): Promise<NodeJS.ProcessEnv> {
    const settings = vscode.workspace.getConfiguration('tenon');
    const around = { home: os.homedir(), folders: folders(), windows: process.platform === 'win32' };
    const named = {
      TENON_CONFIG: expand(settings.get('server.configFile', ''), around),
      TENON_LOG: settings.get('server.log', ''),
    };
    return environment(process.env, named, await this.keys.all());
  }

  /** Runs a command of the server. Throws what the server says, as it says it. */
  async command<T>(command: string, argument?: object): Promise<T> {
    const client = this.#client;
    if (client === undefined || !this.isRunning) {
      throw new Error(this.#reason === '' ? 'the server does not run yet' : this.#reason);
    }
    const args = argument === undefined ? [] : [argument];
    return (await client.sendRequest(ExecuteCommandRequest.type, { command, arguments: args })) as T;
  }

  /** The same; a refusal is shown to the user, and nothing is answered. */
  async attempt<T>(command: string, argument?: object): Promise<T | undefined> {
    try {
      return await this.command<T>(command, argument);
    } catch (thrown) {
      this.refused(thrown);
      return undefined;
    }
  }

  refused(thrown: unknown): void {
    const refusal = failure(thrown);
    this.log.info(`refused: ${refusal.code}`);
    const severity = refusal.severity === 'info' || refusal.category === 'request' ? 'info' : 'error';
    void show(severity, { text: messages.told(refusal), actions: messages.actionsFor(refusal.code) });
  }

  /** The protocol's name of a document. */
  uri(document: vscode.Uri): string {
    return this.#client?.code2ProtocolConverter.asUri(document) ?? document.toString();
  }

  dispose(): void {
    this.#life.dispose();
    this.#events.dispose();
    this.#marks.dispose();
  }

  /** Ends the server; the editor closes. */
  async stop(): Promise<void> {
    await this.#turn;
    await this.#end();
  }

  async #start(): Promise<void> {
    this.#is('starting', '');
    const found = this.find();
    if (found.kind !== 'found') {
      return this.#failed(messages.notFound(found));
    }
    const program = found.program;
    const own = version.parse(String(this.context.extension.packageJSON.version));
    let said: string;
    try {
      said = (await run(program, ['--version'], { timeout: 10_000, windowsHide: true })).stdout.trim();
    } catch (thrown) {
      return this.#failed(messages.cannotRun(program, firstLine(thrown)));
    }
    const its = version.parse(said);
    if (own === undefined || its === undefined || !version.fit(own, its)) {
      return this.#failed(messages.wrongVersion(program, said.split('\n')[0] ?? '', own ?? { major: 0, minor: 0, patch: 0 }));
    }
    this.#program = { path: program, source: found.source, version: said };
    this.log.info(`starting ${program} (${found.source}), ${said}`);
    try {
      await this.#connect(program);
    } catch (thrown) {
      this.log.warn(`the start failed: ${firstLine(thrown)}`);
      // When the process ended by itself that is seen a moment later, and is more to the point.
      await pause(SETTLES);
      if (this.#state === 'starting' && this.#crashes.count === 0) {
        this.#failed(messages.cannotRun(program, firstLine(thrown)));
      }
    }
  }

  async #connect(program: string): Promise<void> {
    const cwd = folders()[0];
    const options: LanguageClientOptions = {
      documentSelector: [{ scheme: 'file' }],
      outputChannel: this.log,
      traceOutputChannel: this.trace,
      initializationOptions: { tenon: { events: true } },
      diagnosticCollectionName: 'tenon',
      progressOnInitialization: false,
      initializationFailedHandler: () => false,
      errorHandler: {
        error: () => ({ action: ErrorAction.Continue, handled: true }),
        closed: () => this.#closed(),
      },
      middleware: {
        ...this.middleware,
        handleDiagnostics: (uri, diagnostics, next) => {
          next(uri, diagnostics);
          this.#marks.fire();
        },
        // Lenses and actions run these; the editor alone would show no hint and no way on.
        executeCommand: async (command, args) => {
          return this.attempt(command, args[0] as object | undefined);
        },
      },
    };
    const env = await this.environment();
    const client = new QuietClient(
      'tenon',
      'Tenon',
      { command: program, args: ['lsp'], options: { env, ...(cwd ? { cwd } : {}) } },
      options,
    );
    client.onNotification(ShowMessageNotification.type, ({ type, message }) => this.#say(type, message));
    client.onNotification('tenon/event', (event: Event) => {
      if (event.kind === 'failed') {
        this.#failures.set(messages.told(event.error), event.error.code);
      }
      this.#events.fire(event);
    });
    client.onDidChangeState(({ newState }) => {
      if (newState === State.Running) {
        this.#is('running', '');
      } else if (newState === State.Starting) {
        this.#is('starting', '');
      }
    });
    this.#client = client;
    await client.start();
  }

  /** The process ended though nobody asked for it. */
  async #closed(): Promise<{ action: CloseAction; handled: true }> {
    if (this.#crashes.record(Date.now())) {
      this.log.warn(`the server ended by itself (${this.#crashes.count}), starting it again`);
      this.#is('starting', 'the server ended by itself and is started again');
      const client = this.#client;
      await pause(this.#crashes.count * BREATH);
      // The user may have restarted it meanwhile; that one is another client.
      const action = client === this.#client ? CloseAction.Restart : CloseAction.DoNotRestart;
      return { action, handled: true };
    }
    this.#failed(messages.crashedTooOften(this.#crashes.count));
    return { action: CloseAction.DoNotRestart, handled: true };
  }

  async #end(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    this.#program = undefined;
    if (client !== undefined) {
      await client.dispose(2_000).catch((thrown: unknown) => this.log.warn(`the server did not stop: ${firstLine(thrown)}`));
    }
    if (this.#state !== 'failed') {
      this.#is('stopped', '');
    }
  }

  #failed(said: messages.Said): void {
    this.log.error(said.text);
    this.#is('failed', said.text);
    void show('error', said);
  }

  #is(state: Life, reason: string): void {
    this.#state = state;
    this.#reason = reason;
    void vscode.commands.executeCommand('setContext', 'tenon.running', state === 'running');
    this.#life.fire();
  }

  /** A message of the server, with what can be done about it. The event that names its code may come just after. */
  #say(type: MessageType, message: string): void {
    const text = message.replace(/^tenon: /, 'Tenon: ');
    if (type === MessageType.Error || type === MessageType.Warning) {
      setTimeout(() => {
        const code = this.#failures.get(text) ?? '';
        this.#failures.clear();
        void show(type === MessageType.Error ? 'error' : 'warning', { text, actions: messages.actionsFor(code) });
      }, 100);
    } else if (/ ready for review: /.test(text)) {
      const actions = [
        { title: 'Review', command: 'tenon.nextChange' },
        { title: 'Accept All', command: 'tenon.acceptAll' },
        { title: 'Reject All', command: 'tenon.rejectAll' },
      ];
      void show('info', { text, actions });
    } else {
      void show('info', { text, actions: [] });
    }
  }
}

/** Shows a message; the button chosen runs its command. */
export async function show(how: 'info' | 'warning' | 'error', { text, actions }: messages.Said): Promise<void> {
  const ask = {
    info: vscode.window.showInformationMessage,
    warning: vscode.window.showWarningMessage,
    error: vscode.window.showErrorMessage,
  }[how];
  const chosen = await ask(text, ...actions);
  if (chosen !== undefined) {
    await vscode.commands.executeCommand(chosen.command);
  }
}


/** Folders of the workspace that are on a disk. */
export function folders(): string[] {
  return (vscode.workspace.workspaceFolders ?? [])
    .filter((folder) => folder.uri.scheme === 'file')
    .map((folder) => folder.uri.fsPath);
}

function isProgram(file: string): boolean {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return fs.statSync(file).isFile();
  } catch {
    return false;
  }
}

function firstLine(thrown: unknown): string {
  const error = thrown as { stderr?: string; message?: string };
  return (error.stderr?.trim() || error.message || String(thrown)).split('\n')[0] ?? '';
}
