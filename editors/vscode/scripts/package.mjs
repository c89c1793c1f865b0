// Packages the extension as dist/tenon-VERSION.vsix. With `--target TARGET --server FILE` the package is for one
// platform and brings the server along; without, it is for all, and the server is looked for on the PATH.
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = fileURLToPath(new URL('..', import.meta.url));
const project = join(here, '..', '..');
const { values } = parseArgs({ options: { target: { type: 'string' }, server: { type: 'string' }, out: { type: 'string' } } });
if ((values.target === undefined) !== (values.server === undefined)) {
  console.error('package: --target and --server belong together');
  process.exit(2);
}

const licences = ['LICENSE-MIT', 'LICENSE-APACHE'];
const bundled = join(here, 'server');
try {
  for (const licence of licences) {
    copyFileSync(join(project, licence), join(here, licence));
  }
  rmSync(bundled, { recursive: true, force: true });
  if (values.server) {
    mkdirSync(bundled);
    const program = join(bundled, values.target.startsWith('win32') ? 'tenon.exe' : 'tenon');
    copyFileSync(values.server, program);
    chmodSync(program, 0o755);
  }
  execFileSync(process.execPath, [join(here, 'scripts', 'build.mjs')], { cwd: here, stdio: 'inherit' });
  const out = values.out ?? join(here, 'dist', `tenon-${values.target ?? 'universal'}.vsix`);
  // All code is in the bundle, so the packages of node_modules stay out.
  const args = ['package', '--no-dependencies', '--skip-license', '--allow-missing-repository', '--out', out];
  const vsce = join(here, 'node_modules', '@vscode', 'vsce', 'vsce');
  execFileSync(process.execPath, [vsce, ...args, ...(values.target ? ['--target', values.target] : [])], { cwd: here, stdio: 'inherit' });
  console.log(`package: ${basename(out)}`);
} finally {
  for (const licence of licences) {
    rmSync(join(here, licence), { force: true });
  }
  rmSync(bundled, { recursive: true, force: true });
}
