/**
 * Where the server's program is: the setting, then PATH, then the one that came with the extension.
 *
 * Nothing here touches the disk or the editor: what exists is asked of the caller. A setting that names no program is an
 * error and not a reason to run another one. A PATH entry that is relative or inside the workspace is passed over, so
 * that opening a folder never decides what runs.
 */
import * as path from 'node:path';

export type Source = 'setting' | 'PATH' | 'bundled';

export type Found =
  | { kind: 'found'; program: string; source: Source }
  | { kind: 'setting-not-there'; program: string }
  | { kind: 'nowhere'; looked: string[] };

export interface Surroundings {
  /** The value of `tenon.server.path`. */
  setting: string;
  /** The variable PATH. */
  searchPath: string;
  /** The folder of the extension. */
  extension: string;
  home: string;
  folders: readonly string[];
  windows: boolean;
  /** Whether there is a program that may be run. */
  isProgram: (file: string) => boolean;
}

export function find(around: Surroundings): Found {
  const paths = around.windows ? path.win32 : path.posix;
  const names = around.windows ? ['tenon.exe'] : ['tenon'];
  const setting = around.setting.trim();
  if (setting !== '') {
    const program = expand(setting, around);
    return paths.isAbsolute(program) && around.isProgram(program)
      ? { kind: 'found', program, source: 'setting' }
      : { kind: 'setting-not-there', program };
  }
  const looked: string[] = [];
  for (const folder of around.searchPath.split(paths.delimiter)) {
    if (!paths.isAbsolute(folder) || around.folders.some((root) => isInside(paths, root, folder))) {
      continue;
    }
    looked.push(folder);
    for (const name of names) {
      const program = paths.join(folder, name);
      if (around.isProgram(program)) {
        return { kind: 'found', program, source: 'PATH' };
      }
    }
  }
  for (const name of names) {
    const program = paths.join(around.extension, 'server', name);
    if (around.isProgram(program)) {
      return { kind: 'found', program, source: 'bundled' };
    }
  }
  return { kind: 'nowhere', looked };
}

/** `~` and `${workspaceFolder}` in a path of the settings. */
export function expand(text: string, around: Pick<Surroundings, 'home' | 'folders' | 'windows'>): string {
  const paths = around.windows ? path.win32 : path.posix;
  const atHome = /^~(?=$|[\\/])/.test(text) ? paths.join(around.home, text.slice(1)) : text;
  return atHome.replaceAll('${workspaceFolder}', around.folders[0] ?? '');
}

function isInside(paths: path.PlatformPath, root: string, folder: string): boolean {
  const way = paths.relative(root, folder);
  return way !== '..' && !way.startsWith(`..${paths.sep}`) && !paths.isAbsolute(way);
}
