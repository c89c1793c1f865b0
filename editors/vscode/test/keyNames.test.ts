// Which names keys may have, where they come from, and what the server's process gets.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { environment, named, problem } from '../src/keyNames.ts';

test('a key has the name of a variable, and of none that steers programs', () => {
  for (const name of ['OPENAI_API_KEY', 'MY_KEY2', '_k']) {
    assert.equal(problem(name), undefined, name);
  }
  for (const name of ['', '1KEY', 'A-B', 'A=B', 'A B', 'PATH', 'Path', 'LD_PRELOAD', 'NODE_OPTIONS', 'HTTPS_PROXY', 'TENON_CONFIG', 'HOME']) {
    assert.notEqual(problem(name), undefined, name);
  }
});

test('the names of the configuration are offered, each once', () => {
  const values = [
    { key: 'providers.openai.key_env', value: 'OPENAI_API_KEY' },
    { key: 'providers.a.b.key_env', value: 'OPENAI_API_KEY' },
    { key: 'providers.bad.key_env', value: 'LD_PRELOAD' },
    { key: 'providers.openai.base_url', value: 'https://example.org' },
    { key: 'models.key_env', value: 'NOT_THIS' },
  ];
  assert.deepEqual(named({ values }), ['OPENAI_API_KEY']);
  for (const odd of [undefined, null, 7, {}, { values: 'x' }, { values: [null, {}, { key: 1 }] }]) {
    assert.deepEqual(named(odd), []);
  }
});

test('the process gets what it has, then settings that are not empty, then keys', () => {
  const own = { PATH: '/bin', TENON_LOG: 'tenon=info', OPENAI_API_KEY: 'old' };
  const keys = new Map([['OPENAI_API_KEY', 'new'], ['PATH', '/evil']]);
  assert.deepEqual(environment(own, { TENON_LOG: '', TENON_CONFIG: '/c.toml' }, keys), {
    PATH: '/bin',
    TENON_LOG: 'tenon=info',
    TENON_CONFIG: '/c.toml',
    OPENAI_API_KEY: 'new',
  });
  assert.equal(own.OPENAI_API_KEY, 'old', 'this process stays as it is');
});
