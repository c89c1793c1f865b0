/** The server's configuration file: where it is, opened; and trust in a workspace's own. */
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

/** What `tenon config --json` says: where the file is and what holds, or what is wrong with it. */
export async function resolved(server: Server): Promise<unknown> {
  try {
    return JSON.parse(await server.output(['config', '--json']));
  } catch (thrown) {
    // With a mistake in the file the program fails, and says all the same where it is.
    const { stdout = '', stderr = '', message } = thrown as { stdout?: string; stderr?: string; message: string };
    if (stdout.startsWith('{')) {
      return JSON.parse(stdout);
    }
    throw new Error((stderr || message).split('\n')[0]);
  }
}

/** The path of the file, whether it is there or not. */
async function file(server: Server): Promise<string> {
  const { file } = (await resolved(server)) as { file?: unknown };
  if (typeof file !== 'string') {
    throw new Error('the server does not say where its configuration is');
  }
  return file;
}

/** Opens it; one that is not there is made, with a first model to fill in. */
export async function open(server: Server): Promise<void> {
  try {
    const named = await file(server);
    await fs.mkdir(path.dirname(named), { recursive: true });
    await fs.writeFile(named, TEMPLATE, { flag: 'wx' }).catch((thrown: NodeJS.ErrnoException) => {
      if (thrown.code !== 'EEXIST') {
        throw thrown;
      }
    });
    await vscode.window.showTextDocument(vscode.Uri.file(named));
  } catch (thrown) {
    const { message } = thrown as Error;
    void vscode.window.showErrorMessage(message.startsWith('Tenon: ') ? message : `Tenon: ${message}`);
  }
}

/** Shows in a terminal what trusting the workspace would let in, and asks there. Then the server begins anew with it. */
export function trust(server: Server, restart: () => Promise<void>): void {
  const [root] = folders();
  const program = server.program?.path;
  if (root === undefined || program === undefined) {
    void vscode.window.showInformationMessage('Tenon: open a folder, and have the server running, to trust its settings.');
    return;
  }
  const terminal = vscode.window.createTerminal({ name: 'tenon trust', shellPath: program, shellArgs: ['trust', '--root', root], cwd: root });
  const closing = vscode.window.onDidCloseTerminal((closed) => {
    if (closed === terminal) {
      closing.dispose();
      void restart();
    }
  });
  terminal.show();
}
