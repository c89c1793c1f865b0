/**
 * What waits for a decision, as the server last told it. Asks again whenever the server marks changes anew or tells of
 * a step; many occasions at once become one question. Who decides by a place in the text asks `settle` first: then the
 * places are those of the text as it is.
 */
import * as vscode from 'vscode';

import { AFTER, whatIsShown } from './after.ts';
import * as edits from './edits.ts';
import type { Hunk, ProposedFile, Shown, Status } from './protocol.ts';
import type { Server } from './server.ts';
import { within } from './within.ts';

/** Occasions in this time become one question, in milliseconds. */
const PAUSE = 60;

/** Longest wait for the server to know the text as it is, in milliseconds, and how often it is asked. */
const SETTLES = 1_000;
const ATTEMPTS = 3;

export interface Proposal {
  id: string;
  title: string;
  files: ProposedFile[];
}

/** A hunk with where it belongs. */
export interface Placed {
  proposal: Proposal;
  file: ProposedFile;
  hunk: Hunk;
}

export class Pending implements vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #stated = new vscode.EventEmitter<void>();
  readonly #subscriptions: vscode.Disposable[];
  #proposals: Proposal[] = [];
  #status: Status | undefined;
  #timer: NodeJS.Timeout | undefined;
  #asking: Promise<void> | undefined;
  #again = false;
  /** What listeners were told last. */
  #told = '';

  /** Something else waits, or stands elsewhere. */
  readonly onChanged = this.#changed.event;
  /** There is a new status, whatever it says. */
  readonly onStatus = this.#stated.event;

  constructor(private readonly server: Server) {
    this.#subscriptions = [
      server.onLife(() => (server.isRunning ? this.schedule() : this.#lose())),
      server.onMarks(() => this.schedule()),
      server.onEvent(({ kind }) => {
        if (kind !== 'text' && kind !== 'stage') {
          this.schedule();
        }
      }),
    ];
  }

  get proposals(): readonly Proposal[] {
    return this.#proposals;
  }

  /** The server's last status. */
  get status(): Status | undefined {
    return this.#status;
  }

  /** All that is open in a document, or in what a comparison is of. */
  in(document: vscode.Uri): Placed[] {
    return this.all().filter(({ proposal, file }) => isOf(document, proposal, file));
  }

  /** Everything that is open. */
  all(): Placed[] {
    return this.#proposals.flatMap((proposal) =>
      proposal.files.flatMap((file) => edits.open(file).map((hunk) => ({ proposal, file, hunk }))),
    );
  }

  /** The open hunk at the cursor. */
  at({ document, selection }: vscode.TextEditor): Placed | undefined {
    const line = selection.active.line;
    const hunkAt = document.uri.scheme === AFTER ? edits.hunkAtAfter : edits.hunkAt;
    for (const proposal of [...this.#proposals].reverse()) {
      for (const file of proposal.files.filter((file) => isOf(document.uri, proposal, file))) {
        const hunk = hunkAt(file, line);
        if (hunk) {
          return { proposal, file, hunk };
        }
      }
    }
    return undefined;
  }

  schedule(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.refresh();
    }, PAUSE);
  }

  /**
   * Asks the server now; one question at a time, and once more if something happened meanwhile. In the end what was true
   * at the call is known, unless the server ended; one that hangs is waited for, so bound the wait.
   */
  refresh(): Promise<void> {
    this.#again = true;
    this.#asking ??= this.#askAll();
    return this.#asking;
  }

  /** Waits, for a while, until the places in a document are those of its text as it is. Answers whether they are. */
  async settle(document: vscode.TextDocument): Promise<boolean> {
    for (let attempt = 0; attempt < ATTEMPTS && this.#isOld(document); attempt += 1) {
      await within(this.refresh(), SETTLES);
    }
    return !this.#isOld(document);
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#changed.dispose();
    this.#stated.dispose();
    for (const subscription of this.#subscriptions) {
      subscription.dispose();
    }
  }

  #isOld(document: vscode.TextDocument): boolean {
    const documents = vscode.workspace.textDocuments;
    return this.in(document.uri).some(({ file }) => {
      // On the right side of a comparison the places are found by those of the file itself.
      const itself = document.uri.scheme === 'file' ? document : documents.find(({ uri }) => isSame(file.uri, uri));
      return itself !== undefined && typeof file.version === 'number' && file.version !== itself.version;
    });
  }

  async #askAll(): Promise<void> {
    try {
      while (this.#again) {
        this.#again = false;
        await this.#ask();
      }
    } finally {
      this.#asking = undefined;
    }
  }

  async #ask(): Promise<void> {
    if (!this.server.isRunning) {
      return;
    }
    try {
      const status = await this.server.command<Status>('tenon.status');
      const open = status.proposals.filter((proposal) => proposal.state === 'proposed');
      const proposals = await Promise.all(open.map(async ({ id, title }) => {
        // One that was forgotten between the two questions hides no other.
        const shown = await this.server.command<Shown>('tenon.show', { proposal: id }).catch(() => undefined);
        return { id, title: title ?? id, files: shown?.files ?? [] };
      }));
      if (!this.server.isRunning) {
        return;
      }
      this.#status = status;
      this.#proposals = proposals.filter((proposal) => proposal.files.some((file) => edits.open(file).length > 0));
      this.#tell();
    } catch {
      // The server ended meanwhile; the next one is asked when it runs.
    }
  }

  #lose(): void {
    this.#proposals = [];
    this.#status = undefined;
    this.#tell();
  }

  #tell(): void {
    const told = JSON.stringify(this.#proposals);
    if (told !== this.#told) {
      this.#told = told;
      void vscode.commands.executeCommand('setContext', 'tenon.pending', this.#proposals.length > 0);
      this.#changed.fire();
    }
    this.#stated.fire();
  }
}

function isOf(document: vscode.Uri, proposal: Proposal, file: ProposedFile): boolean {
  if (document.scheme === AFTER) {
    const shown = whatIsShown(document);
    return shown.proposal === proposal.id && shown.path === file.path;
  }
  return document.scheme === 'file' && isSame(file.uri, document);
}

/** The server gives URIs back as the editor wrote them, or made from a path. */
function isSame(uri: string, document: vscode.Uri): boolean {
  return uri === document.toString() || vscode.Uri.parse(uri).fsPath === document.fsPath;
}
