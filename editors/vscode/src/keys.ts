/**
 * API keys in the editor's secret storage.
 *
 * A key is typed into a password box, kept by the operating system's keyring through the editor, and read only to be
 * put into the environment of the server. It is in no setting, log, argument or message; names of keys may be.
 */
import * as vscode from 'vscode';

import { named, problem } from './keyNames.ts';

const INDEX = 'tenon.keys';

export class Keys {
  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly log: vscode.LogOutputChannel,
  ) {}

  /** The names of the stored keys. */
  names(): string[] {
    return this.context.globalState.get<string[]>(INDEX, []).filter((name) => problem(name) === undefined);
  }

  /** All that can be read, for the environment of a process. */
  async all(): Promise<Map<string, string>> {
    const keys = new Map<string, string>();
    for (const name of this.names()) {
      try {
        const key = await this.context.secrets.get(`key:${name}`);
        if (key !== undefined) {
          keys.set(name, key);
        }
      } catch {
        // The keyring is locked or broken; the server says which key it misses.
        this.log.warn(`the stored key ${name} could not be read`);
      }
    }
    return keys;
  }

  /** Asks for a key and stores it. Answers whether there is a new one. */
  async ask(configuration: () => Promise<unknown>): Promise<boolean> {
    const name = await this.#askName(await configuration().then(named, () => []));
    if (name === undefined) {
      return false;
    }
    const key = await vscode.window.showInputBox({
      title: `Key for ${name}`,
      prompt: 'It is kept in the secret storage of the editor, and given to the server in its environment only.',
      password: true,
      ignoreFocusOut: true,
      validateInput: (text) => (/[\r\n\0]/.test(text) ? 'A key is one line.' : undefined),
    });
    if (key === undefined || key.trim() === '') {
      return false;
    }
    await this.context.secrets.store(`key:${name}`, key.trim());
    await this.context.globalState.update(INDEX, [...new Set([...this.names(), name])]);
    return true;
  }

  /** Asks which key to forget. Answers whether one is gone. */
  async forget(): Promise<boolean> {
    const names = this.names();
    if (names.length === 0) {
      void vscode.window.showInformationMessage('Tenon: no key is stored here.');
      return false;
    }
    const name = await vscode.window.showQuickPick(names, { title: 'Forget which API key?' });
    if (name === undefined) {
      return false;
    }
    await this.context.secrets.delete(`key:${name}`);
    await this.context.globalState.update(INDEX, names.filter((other) => other !== name));
    return true;
  }

  async #askName(known: string[]): Promise<string | undefined> {
    const other = 'Another name…';
    const stored = this.names();
    const items = [...new Set([...known, ...stored])].map((label) => ({
      label,
      description: stored.includes(label) ? 'stored, will be replaced' : 'named by your configuration',
    }));
    if (items.length > 0) {
      const title = 'Which key? The names are those that key_env has in your configuration.';
      const chosen = await vscode.window.showQuickPick([...items, { label: other, description: '' }], { title });
      if (chosen === undefined || chosen.label !== other) {
        return chosen?.label;
      }
    }
    return vscode.window.showInputBox({
      title: 'Name of the key',
      prompt: 'As key_env of the provider says, for example OPENAI_API_KEY. Not the key itself.',
      ignoreFocusOut: true,
      validateInput: problem,
    });
  }
}
