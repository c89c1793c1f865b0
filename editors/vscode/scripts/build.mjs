// Bundles the extension and what it depends on into dist/extension.js, and the licences of what is in the bundle into
// dist/third-party.txt. `--watch` goes on bundling.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { build, context } from 'esbuild';

const here = fileURLToPath(new URL('..', import.meta.url));

const options = {
  entryPoints: ['src/extension.ts'],
  outfile: 'dist/extension.js',
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  // The editor itself provides this module.
  external: ['vscode'],
  minify: !process.argv.includes('--watch'),
  sourcemap: process.argv.includes('--watch') && 'inline',
  legalComments: 'none',
  absWorkingDir: here,
  metafile: true,
  logLevel: 'warning',
};

if (process.argv.includes('--watch')) {
  await (await context(options)).watch();
} else {
  const { metafile } = await build(options);
  writeFileSync(join(here, 'dist', 'third-party.txt'), notices(Object.keys(metafile.inputs)));
}

// The licence of each package that a file of the bundle comes from; a package without one stops the build.
function notices(inputs) {
  const folders = new Set(inputs.flatMap((file) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? []));
  const parts = [...folders].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(here, folder, 'package.json'), 'utf8'));
    const file = readdirSync(join(here, folder)).find((file) => /^licen[cs]e/i.test(file));
    if (file === undefined) {
      throw new Error(`${name} has no file with its licence`);
    }
    return `${name} ${version} (${license})\n\n${readFileSync(join(here, folder, file), 'utf8').trim()}\n`;
  });
  return `What is in the bundle of this extension besides its own code, and under which licences.\n\n${parts.join(`\n${'-'.repeat(80)}\n\n`)}`;
}
