// Which servers fit this extension, and how often a server is started again.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { Crashes } from '../src/restart.ts';
import * as version from '../src/version.ts';

const fits = (extension: string, server: string) => {
  const [own, its] = [version.parse(extension), version.parse(server)];
  assert.ok(own);
  return its !== undefined && version.fit(own, its);
};

test('what a program says of itself is read', () => {
  assert.deepEqual(version.parse('tenon 0.1.2\n'), { major: 0, minor: 1, patch: 2 });
  assert.deepEqual(version.parse('tenon v1.20.3-dev+x'), { major: 1, minor: 20, patch: 3 });
  assert.equal(version.parse('usage: tenon'), undefined);
  assert.equal(version.parse('tenon-like1.2.3'), undefined);
});

test('before 1.0 the minor version is the protocol, then the major one', () => {
  for (const [server, expected] of [['tenon 0.1.0', true], ['tenon 0.1.9', true], ['tenon 0.2.0', false], ['tenon 1.1.0', false]] as const) {
    assert.equal(fits('0.1.3', server), expected, server);
  }
  assert.ok(fits('1.2.0', 'tenon 1.0.0') && fits('1.2.0', 'tenon 1.9.0') && !fits('1.2.0', 'tenon 2.0.0'));
});

test('the extension has the version of the server that it is made with', () => {
  const own = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version;
  const server = /^version = "(.*)"$/m.exec(readFileSync(new URL('../../../Cargo.toml', import.meta.url), 'utf8'))?.[1];
  assert.equal(own, server);
});

test('after the fifth crash in three minutes the server is left alone', () => {
  const crashes = new Crashes();
  assert.deepEqual([0, 1, 2, 3, 4].map((minute) => crashes.record(minute * 30_000)), [true, true, true, true, false]);
  assert.equal(crashes.count, 5);
  crashes.forget();
  assert.ok(crashes.record(130_000), 'the user started it');
  const slow = new Crashes();
  assert.ok([0, 1, 2, 3, 4, 5, 6].every((minute) => slow.record(minute * 60_000)), 'old crashes do not count');
});
