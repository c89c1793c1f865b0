// The manifest holds together: commands, keys, menus, what is restricted, what is generated.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const at = (name: string) => fileURLToPath(new URL(`../${name}`, import.meta.url));
const manifest = JSON.parse(readFileSync(at('package.json'), 'utf8'));
const { contributes } = manifest;
const own: string[] = contributes.commands.map(({ command }: { command: string }) => command);

test('every command has the category, a title, and a handler; and every handler is contributed', () => {
  const source = readFileSync(at('src/extension.ts'), 'utf8');
  const table = /const commands: .* = \{\n([\s\S]*?)\n  \};/.exec(source)?.[1] ?? '';
  const handled = [...table.matchAll(/^ {4}(\w+)[:,]/gm)].map((match) => `tenon.${match[1]}`);
  assert.deepEqual([...handled].sort(), [...own].sort());
  for (const { command, category, title } of contributes.commands) {
    assert.ok(category === 'Tenon' && title, command);
  }
});

test('no command has the name of one that the client library registers for the server', () => {
  const source = readFileSync(at('../../src/lsp/protocol.rs'), 'utf8');
  const servers = [...source.matchAll(/pub const \w+: &str = "(tenon\.\w+)";/g)].map((match) => match[1]);
  assert.ok(servers.length >= 14, 'the list was found');
  assert.deepEqual(own.filter((command) => servers.includes(command)), []);
});

test('keys, menus, walkthroughs and welcomes name commands that are there', () => {
  const text = JSON.stringify([contributes.walkthroughs, contributes.viewsWelcome]);
  const links = [...text.matchAll(/command:(tenon\.\w+)/g)].map((match) => match[1]);
  const menus = Object.values(contributes.menus as Record<string, { command: string }[]>).flat();
  const named = [...menus, ...contributes.keybindings].map(({ command }: { command: string }) => command);
  for (const command of [...links, ...named]) {
    assert.ok(own.includes(command as string), command);
  }
});

test('every key works only where it means something, and no two mean different things', () => {
  const seen = new Set<string>();
  for (const { key, mac, when } of contributes.keybindings) {
    assert.ok(when && mac, key);
    assert.ok(!seen.has(`${key} ${when}`), key);
    seen.add(`${key} ${when}`);
  }
});

test('what a row offers to the mouse is in its menu too, for the keyboard', () => {
  const rows: { command: string; when: string; group?: string }[] = contributes.menus['view/item/context'];
  for (const { command, when } of rows.filter(({ group }) => group?.startsWith('inline'))) {
    assert.ok(rows.some((other) => other.command === command && other.when === when && !other.group?.startsWith('inline')), command);
  }
});

test('what says which program runs and what it is told is restricted and not synchronised', () => {
  const { untrustedWorkspaces, virtualWorkspaces } = manifest.capabilities;
  assert.equal(untrustedWorkspaces.supported, 'limited');
  assert.equal(virtualWorkspaces.supported, 'limited', 'there the extension runs, and says why it can do nothing');
  for (const [name, { scope }] of Object.entries<{ scope: string }>(contributes.configuration.properties)) {
    if (name.startsWith('tenon.server.')) {
      assert.equal(scope, 'machine-overridable', name);
      assert.ok(untrustedWorkspaces.restrictedConfigurations.includes(name), name);
    }
  }
  assert.ok(untrustedWorkspaces.restrictedConfigurations.includes('tenon.review.mode'));
});

test('the licence is that of the project', () => {
  const project = /^license = "(.*)"$/m.exec(readFileSync(at('../../Cargo.toml'), 'utf8'))?.[1];
  assert.equal(manifest.license, project);
});

test('what is generated from the server is as the server says it', (context) => {
  if (process.env['TENON_PROGRAM'] === undefined) {
    assert.equal(process.env['CI'], undefined, 'TENON_PROGRAM is not set, and CI permits no missing tier');
    context.skip('TENON_PROGRAM is not set');
    return;
  }
  execFileSync(process.execPath, [at('scripts/generate.mjs'), '--check'], { stdio: 'pipe' });
});
