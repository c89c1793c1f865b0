/**
 * What waits for a decision, as the server last told it. Asks again whenever the server marks changes anew or tells of
 * a step; many occasions at once become one question.
 */
import * as vscode from 'vscode';

import * as edits from './edits.ts';
import type { Hunk, ProposedFile, Shown, Status } from './protocol.ts';
import type { Server } from './server.ts';

/** Occasions in this time become one question, in milliseconds. */
const PAUSE = 60;

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
  readonly #subscriptions: vscode.Disposable[];
  #proposals: Proposal[] = [];
  #status: Status | undefined;
  #timer: NodeJS.Timeout | undefined;
  #asks = false;
  #again = false;

  readonly onChanged = this.#changed.event;

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

  /** All that is open in a document, in the order of the text. */
  in(document: vscode.Uri): Placed[] {
    return this.all().filter(({ file }) => isSame(file.uri, document));
  }

  /** Everything that is open. */
  all(): Placed[] {
    return this.#proposals.flatMap((proposal) =>
      proposal.files.flatMap((file) => edits.open(file).map((hunk) => ({ proposal, file, hunk }))),
    );
  }

  /** The open hunk at the cursor. */
  at(editor: vscode.TextEditor): Placed | undefined {
    const line = editor.selection.active.line;
    for (const proposal of [...this.#proposals].reverse()) {
      for (const file of proposal.files.filter((file) => isSame(file.uri, editor.document.uri))) {
        const hunk = edits.hunkAt(file, line);
        if (hunk) {
          return { proposal, file, hunk };
        }
      }
    }
    return undefined;
  }

  schedule(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.refresh(), PAUSE);
  }

  /** Asks the server now; one question at a time, and once more if something happened meanwhile. */
  async refresh(): Promise<void> {
    if (this.#asks) {
      this.#again = true;
      return;
    }
    this.#asks = true;
    try {
      do {
        this.#again = false;
        await this.#ask();
      } while (this.#again);
    } finally {
      this.#asks = false;
    }
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#changed.dispose();
    for (const subscription of this.#subscriptions) {
      subscription.dispose();
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
        const { files } = await this.server.command<Shown>('tenon.show', { proposal: id });
        return { id, title: title ?? id, files: files ?? [] };
      }));
      this.#status = status;
      this.#proposals = proposals.filter((proposal) => proposal.files.some((file) => edits.open(file).length > 0));
    } catch {
      // The server ended meanwhile, or a proposal was decided between the two questions: there will be a next occasion.
    }
    this.#tell();
  }

  #lose(): void {
    this.#proposals = [];
    this.#status = undefined;
    this.#tell();
  }

  #tell(): void {
    void vscode.commands.executeCommand('setContext', 'tenon.pending', this.#proposals.length > 0);
    this.#changed.fire();
  }
}

/** The server gives URIs back as the editor wrote them, or made from a path. The text after a change has the same path. */
function isSame(uri: string, document: vscode.Uri): boolean {
  return document.scheme !== 'file' ? false : uri === document.toString() || vscode.Uri.parse(uri).fsPath === document.fsPath;
}
