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
  ShowMessageNotification,
  State,
  type LanguageClientOptions,
  type ShowMessageParams,
} from 'vscode-languageclient/node';

import { expand, find, type Source } from './discovery.ts';
import { environment } from './keyNames.ts';
import type { Keys } from './keys.ts';
import * as messages from './messages.ts';
import { withMode } from './mode.ts';
import { failure, type Event } from './protocol.ts';
import { Crashes } from './restart.ts';
import type { Life } from './statusText.ts';
import * as version from './version.ts';
import { within } from './within.ts';

const run = promisify(execFile);
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Time to see why a start failed, in milliseconds. */
const SETTLES = 500;

/** Longest time from the start of the process to its first answer, in milliseconds. */
const ANSWERS = 20_000;

/** Longest time that a command waits for a server that is starting, in milliseconds. */
const PATIENCE = 5_000;

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

/** A command is not sent; why, and what can be done. */
class Refused extends Error {
  constructor(readonly said: messages.Said) {
    super(said.text);
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
  readonly #messages = new vscode.EventEmitter<ShowMessageParams>();
  #client: LanguageClient | undefined;
  #program: Program | undefined;
  #state: Life = 'starting';
  /** Why it does not run. */
  #said: messages.Said | undefined;
  /** How often a start was asked for: what an older one would do is done by the newest. */
  #asked = 0;
  #turn: Promise<void> = Promise.resolve();

  /** The server started or ended. */
  readonly onLife = this.#life.event;
  /** The server told something about a task. */
  readonly onEvent = this.#events.event;
  /** The server marked pending changes anew. */
  readonly onMarks = this.#marks.event;
  /** The server has something to say to the user. */
  readonly onMessage = this.#messages.event;

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
    return this.#said?.text.replace(/^Tenon: /, '') ?? '';
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

  /**
   * Starts the server anew; the user asked for it, or what it depends on changed. One start at a time; one that hangs is
   * given up, and several that wait are one.
   */
  restart(): Promise<void> {
    this.#crashes.forget();
    this.#asked += 1;
    const asked = this.#asked;
    if (this.#state === 'starting') {
      this.#giveUp();
    }
    this.#turn = this.#turn.then(async () => {
      if (asked === this.#asked) {
        await this.#end();
        await this.#start();
      }
    }).catch((thrown: unknown) => this.#failed(messages.cannotRun('the server', firstLine(thrown))));
    return this.#turn;
  }

  /** Where the program is; nothing is started. */
  find(): ReturnType<typeof find> {
    return find({
      setting: setting('server.path'),
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
    const around = { home: os.homedir(), folders: folders(), windows: process.platform === 'win32' };
    const named = {
      TENON_CONFIG: expand(setting('server.configFile'), around),
      TENON_LOG: setting('server.log'),
    };
    return environment(process.env, named, await this.keys.all());
  }

  /** Runs a command of the server. Throws what the server says, as it says it. */
  async command<T>(command: string, argument?: object): Promise<T> {
    await this.#started();
    const client = this.#client;
    if (client === undefined || !this.isRunning) {
      throw new Refused(this.#said ?? messages.NOT_YET);
    }
    const given = withMode(command, argument, setting('review.mode'), vscode.workspace.isTrusted);
    const args = given === undefined ? [] : [given];
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
    if (thrown instanceof Refused) {
      void show('warning', thrown.said);
      return;
    }
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
    this.#messages.dispose();
  }

  /** Ends the server; the editor closes. */
  async stop(): Promise<void> {
    this.#asked += 1;
    if (this.#state === 'starting') {
      this.#giveUp();
    }
    await this.#turn;
    await this.#end();
  }

  async #start(): Promise<void> {
    const asked = this.#asked;
    const other = notOnDisk();
    if (other !== undefined) {
      this.log.info(`the workspace is not on a disk (${other}:)`);
      return this.#is('stopped', messages.notOnDisk(other));
    }
    this.#is('starting');
    const found = this.find();
    if (found.kind !== 'found') {
      this.log.info(found.kind === 'nowhere' ? `looked in ${found.looked.join(', ')}` : `not there: ${found.program}`);
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
    const env = await this.environment();
    if (asked !== this.#asked) {
      return;
    }
    this.#program = { path: program, source: found.source, version: said };
    this.log.info(`starting ${program} (${found.source}), ${said}`);
    const client = this.#make(program, env);
    this.#client = client;
    try {
      const answers = (await within(client.start().then(() => true), ANSWERS)) === true;
      if (client !== this.#client) {
        // Given up, and slow rather than hanging. Its commands must be gone before the next one registers the same.
        await client.dispose(2_000);
      } else if (!answers) {
        this.#giveUp();
        this.#failed(messages.silent(program, ANSWERS / 1_000));
      }
    } catch (thrown) {
      if (client !== this.#client) {
        return;
      }
      this.log.warn(`the start failed: ${firstLine(thrown)}`);
      // When the process ended by itself that is seen a moment later, and is more to the point.
      await pause(SETTLES);
      if (client === this.#client && this.#state === 'starting' && this.#crashes.count === 0) {
        this.#failed(messages.cannotRun(program, firstLine(thrown)));
      }
    }
  }

  #make(program: string, env: NodeJS.ProcessEnv): LanguageClient {
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
        closed: () => this.#closed(client),
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
    const client: LanguageClient = new QuietClient(
      'tenon',
      'Tenon',
      { command: program, args: ['lsp'], options: { env, ...(cwd ? { cwd } : {}) } },
      options,
    );
    client.onNotification(ShowMessageNotification.type, (said) => this.#messages.fire(said));
    client.onNotification('tenon/event', (event: Event) => this.#events.fire(event));
    client.onDidChangeState(({ newState }) => {
      if (client === this.#client && newState === State.Running) {
        this.#is('running');
      } else if (client === this.#client && newState === State.Starting) {
        this.#is('starting');
      }
    });
    return client;
  }

  /** The process ended though nobody asked for it. */
  async #closed(client: LanguageClient): Promise<{ action: CloseAction; handled: true }> {
    if (client !== this.#client) {
      return { action: CloseAction.DoNotRestart, handled: true };
    }
    if (this.#crashes.record(Date.now())) {
      this.log.warn(`the server ended by itself (${this.#crashes.count}), starting it again`);
      this.#is('starting', { text: 'Tenon: the server ended by itself and is started again.', actions: [messages.LOG] });
      await pause(this.#crashes.count * BREATH);
      // The user may have restarted it meanwhile; that one is another client.
      const action = client === this.#client ? CloseAction.Restart : CloseAction.DoNotRestart;
      return { action, handled: true };
    }
    this.#failed(messages.crashedTooOften(this.#crashes.count));
    return { action: CloseAction.DoNotRestart, handled: true };
  }

  /** Waits for a server that is starting, for a while. */
  async #started(): Promise<void> {
    if (this.#state !== 'starting') {
      return;
    }
    let listening: vscode.Disposable | undefined;
    const started = new Promise<void>((resolve) => {
      listening = this.onLife(() => this.#state !== 'starting' && resolve());
    });
    await within(started, PATIENCE).finally(() => listening?.dispose());
  }

  /** Lets go of a client that does not answer; its process is ended by the library, in two seconds at the latest. */
  #giveUp(): void {
    const client = this.#client;
    this.#client = undefined;
    client?.dispose(2_000).catch((thrown: unknown) => this.log.warn(`given up: ${firstLine(thrown)}`));
  }

  async #end(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    this.#program = undefined;
    if (client !== undefined) {
      await client.dispose(2_000).catch((thrown: unknown) => this.log.warn(`the server did not stop: ${firstLine(thrown)}`));
    }
    if (this.#state !== 'failed') {
      this.#is('stopped');
    }
  }

  #failed(said: messages.Said): void {
    this.log.error(said.text);
    this.#is('failed', said);
    void show('error', said);
  }

  #is(state: Life, said?: messages.Said): void {
    this.#state = state;
    this.#said = said;
    void vscode.commands.executeCommand('setContext', 'tenon.running', state === 'running');
    this.#life.fire();
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
    await vscode.commands.executeCommand(chosen.command, ...(chosen.arguments ?? []));
  }
}

/** A setting that is text; one of another type counts as empty, and the editor marks it where it stands. */
function setting(name: string): string {
  const value = vscode.workspace.getConfiguration('tenon').get<unknown>(name);
  return typeof value === 'string' ? value : '';
}

/** The scheme of a workspace that has no folder on a disk; nothing where there is one, or no folder at all. */
function notOnDisk(): string | undefined {
  return folders().length === 0 ? vscode.workspace.workspaceFolders?.[0]?.uri.scheme : undefined;
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
