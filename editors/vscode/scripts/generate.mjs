// Brings what is generated from the server up to date: the schema of its configuration, and the setting that has words
// of it. `--check` only says whether it is. The server is the one that TENON_PROGRAM names, else `tenon` on the PATH.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const at = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));
const SCHEMA = 'schemas/tenon.schema.json';
const PACKAGE = 'package.json';

const schema = JSON.parse(execFileSync(process.env.TENON_PROGRAM ?? 'tenon', ['config', '--schema'], { encoding: 'utf8' }));
const made = new Map([
  [SCHEMA, `${JSON.stringify(schema, null, 2)}\n`],
  [PACKAGE, withSettings(readFileSync(at(PACKAGE), 'utf8'))],
]);

const stale = [...made].filter(([name, text]) => read(name) !== text);
if (process.argv.includes('--check')) {
  for (const [name] of stale) {
    console.error(`generate: ${name} is not what the server says; run: npm run generate`);
  }
  process.exitCode = stale.length === 0 ? 0 : 1;
} else {
  for (const [name, text] of stale) {
    writeFileSync(at(name), text);
    console.log(`generate: ${name}`);
  }
}

function read(name) {
  try {
    return readFileSync(at(name), 'utf8');
  } catch {
    return undefined;
  }
}

// The modes and what they mean; only the part of the text that is generated changes.
function withSettings(text) {
  const { words, descriptions } = choices('ReviewMode');
  const description = 'What happens to a finished change. In a workspace that is not trusted every change waits.';
  const setting = {
    type: 'string',
    enum: ['configured', ...words],
    enumDescriptions: ['As the configuration of the server says.', ...descriptions],
    default: 'configured',
    scope: 'window',
    order: 4,
    description,
  };
  const body = JSON.stringify({ 'tenon.review.mode': setting }, null, 2).split('\n').slice(1, -1);
  const lines = body.map((line) => `      ${line}`).join('\n').trimStart();
  return text.replace(/"tenon\.review\.mode": \{[^}]*\}/, () => lines);
}

function choices(name) {
  const type = schema.$defs[name];
  const of = (one) => (one.const !== undefined ? [one] : one.enum.map((word) => ({ const: word, description: one.description })));
  const all = (type.oneOf ?? [type]).flatMap(of);
  return { words: all.map((one) => one.const), descriptions: all.map((one) => one.description ?? one.const) };
}
