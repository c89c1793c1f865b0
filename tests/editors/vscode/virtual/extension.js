// A file system in memory with one file, under the scheme "story". The story of the virtual workspace opens it.
const vscode = require('vscode');

const FILES = new Map([['/project/main.py', new TextEncoder().encode('def one():\n    return 1\n')]]);

const provider = {
  onDidChangeFile: new vscode.EventEmitter().event,
  watch: () => new vscode.Disposable(() => {}),
  stat({ path }) {
    const text = FILES.get(path);
    if (text === undefined && !['/', '/project'].includes(path)) {
      throw vscode.FileSystemError.FileNotFound(path);
    }
    return { type: text ? vscode.FileType.File : vscode.FileType.Directory, ctime: 0, mtime: 0, size: text?.length ?? 0 };
  },
  readDirectory: ({ path }) => (path === '/project' ? [['main.py', vscode.FileType.File]] : [['project', vscode.FileType.Directory]]),
  readFile({ path }) {
    const text = FILES.get(path);
    if (text === undefined) {
      throw vscode.FileSystemError.FileNotFound(path);
    }
    return text;
  },
  writeFile: ({ path }, text) => void FILES.set(path, text),
  createDirectory() {
    throw vscode.FileSystemError.NoPermissions();
  },
  delete() {
    throw vscode.FileSystemError.NoPermissions();
  },
  rename() {
    throw vscode.FileSystemError.NoPermissions();
  },
};

exports.activate = (context) => {
  context.subscriptions.push(vscode.workspace.registerFileSystemProvider('story', provider));
};
