/** Opens the server's configuration file, made with a first model to fill in where there is none. */
import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import * as vscode from 'vscode';

import { folders, type Server } from './server.ts';

const TEMPLATE = `# Configuration of tenon. A server of Ollama, LM Studio, llama-server or vLLM on this machine needs none of this.
# Keys never stand here: key_env names a variable, and "Tenon: Store an API Key…" fills it.

# [providers.openai]
# api = "openai-chat"
# base_url = "https://api.openai.com/v1"
# key_env = "OPENAI_API_KEY"
#
# [models.coder]
# provider = "openai"
# model = "gpt-4.1-mini"
# context = 128000
#
# [roles]
# edit = ["coder"]
`;

/** What `tenon config --json` says. */
export async function resolved(server: Server): Promise<{ file: string; found: boolean }> {
  return JSON.parse(await server.output(['config', '--json']));
}

export async function open(server: Server): Promise<void> {
  let file: string;
  try {
    file = (await resolved(server)).file;
  } catch (thrown) {
    const { stderr = '', message } = thrown as { stderr?: string; message: string };
    // A file with a mistake is still to be opened; the message names it.
    const named = /(\/[^:\n]+\.toml)/.exec(stderr)?.[1];
    if (named === undefined) {
      void vscode.window.showErrorMessage(`Tenon: ${(stderr || message).split('\n')[0]}`);
      return;
    }
    file = named;
  }
  await fs.mkdir(path.dirname(file), { recursive: true });
  await fs.writeFile(file, TEMPLATE, { flag: 'wx' }).catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code !== 'EEXIST') {
      throw thrown;
    }
  });
  await vscode.window.showTextDocument(vscode.Uri.file(file));
}

/** Shows in a terminal what trusting the workspace would let in, and asks there. */
export function trust(server: Server): void {
  const [root] = folders();
  const program = server.program?.path;
  if (root === undefined || program === undefined) {
    void vscode.window.showInformationMessage('Tenon: open a folder, and have the server running, to trust its settings.');
    return;
  }
  const terminal = vscode.window.createTerminal({ name: 'tenon trust', shellPath: program, shellArgs: ['trust', '--root', root], cwd: root });
  terminal.show();
}
