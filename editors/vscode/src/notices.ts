/**
 * What the server says by itself, with what can be done about it. That a change is ready is said once the editor knows of
 * it, so that its keys and commands work when the message is read; and the message's buttons are about that change only.
 */
import * as vscode from 'vscode';
import { MessageType } from 'vscode-languageclient/node';

import * as messages from './messages.ts';
import type { Pending } from './pending.ts';
import { show, type Server } from './server.ts';
import { within } from './within.ts';

/** The event that names the code of a failure may come just after its message; in milliseconds. */
const CODE_FOLLOWS = 100;

/** Longest time that a message waits for what it speaks of, in milliseconds. */
const KNOWN = 3_000;

export class Notices implements vscode.Disposable {
  /** Codes of failures whose message has not come yet. */
  readonly #failures = new Map<string, string>();
  readonly #subscriptions: vscode.Disposable[];
  #proposal = '';

  constructor(
    server: Server,
    private readonly pending: Pending,
  ) {
    this.#subscriptions = [
      server.onEvent((event) => {
        if (event.kind === 'failed') {
          this.#failures.set(messages.told(event.error), event.error.code);
        } else if (event.kind === 'proposal') {
          this.#proposal = event.proposal;
        }
      }),
      server.onLife(() => this.#failures.clear()),
      server.onMessage(({ type, message }) => void this.#say(type, message.replace(/^tenon: /, 'Tenon: '))),
    ];
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) {
      subscription.dispose();
    }
  }

  async #say(type: MessageType, text: string): Promise<void> {
    if (type === MessageType.Error || type === MessageType.Warning) {
      await new Promise((resolve) => setTimeout(resolve, CODE_FOLLOWS));
      const code = this.#failures.get(text) ?? '';
      this.#failures.delete(text);
      await show(type === MessageType.Error ? 'error' : 'warning', { text, actions: messages.actionsFor(code) });
    } else if (/ ready for review: /.test(text)) {
      const actions = messages.decisions(this.#proposal);
      await within(this.pending.refresh(), KNOWN);
      await show('info', { text, actions });
    } else {
      await show('info', { text, actions: [] });
    }
  }
}
