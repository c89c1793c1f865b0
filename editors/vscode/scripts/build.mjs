// Bundles the extension and what it depends on into dist/extension.js. `--watch` goes on doing so.
import { build, context } from 'esbuild';

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
  absWorkingDir: new URL('..', import.meta.url).pathname,
  logLevel: 'warning',
};

if (process.argv.includes('--watch')) {
  await (await context(options)).watch();
} else {
  await build(options);
}
