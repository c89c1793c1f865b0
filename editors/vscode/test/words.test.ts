// What is said to people: errors with a way on, the status item, the history, debug information.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as debugInfo from '../src/debugInfo.ts';
import * as history from '../src/history.ts';
import * as messages from '../src/messages.ts';
import { failure, type Status } from '../src/protocol.ts';
import { shown, troubles } from '../src/statusText.ts';

const idle: Status = { version: '0.1.0', trust: 'trusted', tasks: [], proposals: [], documents: [], providers: [] };

test('an error of the server, and anything else that is thrown, is read', () => {
  const data = { code: 'no-model', category: 'config', severity: 'error', hint: 'start one' };
  const read = failure(Object.assign(new Error('no model'), { data }));
  assert.deepEqual([read.code, messages.told(read)], ['no-model', 'Tenon: no model (start one)']);
  assert.equal(messages.told(failure(new Error('gone'))), 'Tenon: gone');
  assert.equal(failure('odd').message, 'odd');
  assert.deepEqual([{}, { mergeable: true }, { mergeable: false }].map((details) => failure({ data: { details } }).isMergeable), [true, true, false]);
  assert.equal(failure(undefined).code, 'unknown');
  assert.equal(failure({ message: 7, data: 'x' }).code, 'unknown');
});

test('every message offers a way on', () => {
  const said = [
    messages.notFound({ kind: 'nowhere', looked: [] }),
    messages.notFound({ kind: 'setting-not-there', program: '/x' }),
    messages.wrongVersion('/x', 'tenon 9.9.9', { major: 0, minor: 1, patch: 0 }),
    messages.cannotRun('/x', 'EACCES'),
    messages.crashedTooOften(5),
    messages.silent('/x', 20),
    messages.NOT_YET,
  ];
  for (const { text, actions } of said) {
    assert.match(text, /^Tenon: /);
    assert.ok(actions.length > 0 && actions.every(({ command }) => command.startsWith('tenon.')), text);
  }
  assert.match(said[2]?.text ?? '', /needs 0\.1\.x/);
  for (const code of ['model-authentication', 'no-model', 'workspace-changed', 'config-syntax', 'internal', '', 'new-code']) {
    assert.ok(messages.actionsFor(code).length > 0, code);
  }
  assert.equal(messages.actionsFor('key-not-set')[0]?.command, 'tenon.storeKey');
});

test('documents that cannot be worked on are explained', () => {
  assert.equal(messages.notADocument('file'), undefined);
  assert.match(messages.notADocument('untitled') ?? '', /Save it first/);
  assert.match(messages.notADocument('vscode-vfs') ?? '', /not a file on the disk/);
  assert.match(messages.notADocument('vscode-notebook-cell') ?? '', /as text/);
});

test('the status item', () => {
  assert.deepEqual([shown('failed', undefined, 'gone').look, shown('failed', undefined, 'gone').tooltip], ['error', 'Tenon does not run\n\ngone']);
  assert.equal(shown('starting', undefined, '').label, 'Tenon: starting');
  assert.equal(shown('running', idle, '').label, 'Tenon: ready');
  const busy: Status = { ...idle, tasks: [{ id: 't1', stage: 'stream', percent: 40 }, { id: 't2', stage: 'queued', percent: 0 }] };
  assert.equal(shown('running', busy, '').text, '$(sync~spin) Tenon: stream 40 % +1');
  const pending: Status = { ...idle, proposals: [{ id: 'p1', state: 'proposed', hunks: 2 }, { id: 'p2', state: 'applied', hunks: 1 }] };
  assert.equal(shown('running', pending, '').label, 'Tenon: 1 waiting for your decision');
});

test('what is not well is told, worst first', () => {
  const ill: Status = {
    ...idle,
    health: [{ component: 'journal', state: 'degraded', reason: 'disk full' }, { component: 'log', state: 'ready', reason: null }],
    providers: [
      { name: 'a', health: 'resting', resting_seconds: 9, last_error: { kind: 'network', message: 'no route' } },
      { name: 'b', health: 'ok' },
    ],
    documents: [{ uri: 'file:///secret-name', desynchronised: true }],
  };
  assert.deepEqual(troubles(ill), ['journal degraded: disk full', 'provider a resting for 9 s: no route', '1 documents out of step; close and reopen them']);
  assert.equal(shown('running', ill, '').look, 'warning');
});

test('a step of the history', () => {
  const operation = { operation: 'o17', proposal: 'p1', state: 'applied', title: 'make it', at: 1000, files: [{ path: 'a', change: 'renamed', to: 'b' }] };
  assert.equal(history.description(operation, 1_000_000), 'applied · just now · 1 file');
  assert.deepEqual([60, 3_600, 172_800].map((later) => history.age(1000, (1000 + later) * 1000)), ['1 min ago', '1 h ago', '2 d ago']);
  assert.equal(history.tooltip(operation), 'o17: make it\nrenamed a → b');
  assert.match(history.state('interrupted'), /neither as before/);
});

test('debug information has no text, no name of a file, no home directory', () => {
  const status: Status = {
    ...idle,
    documents: [{ uri: 'file:///src/secret-plan.md', desynchronised: false }],
    proposals: [{ id: 'p1', state: 'proposed', title: 'make the secret public', hunks: 1 }],
    tasks: [{ id: 't1', title: 'rename the secret', stage: 'ask', percent: 5 }],
  };
  const program = { path: '/home/ada/bin/tenon', source: 'setting', version: 'tenon 0.1.0' };
  const text = debugInfo.text({
    extension: '0.1.0', editor: 'x', platform: 'linux', remote: '', isTrusted: true, folders: 1, life: 'running', reason: '',
    crashes: 1, program, keys: 2, home: '/home/ada', status,
  });
  assert.doesNotMatch(text, /secret|ada/);
  assert.match(text, /program: ~\/bin\/tenon \(setting\)/);
  assert.match(text, /proposals: p1 proposed \(1\)/);
  assert.match(text, /1 crash\b/);
});
