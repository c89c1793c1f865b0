// Where the server is found, and where it is not looked for.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { expand, find, type Surroundings } from '../src/discovery.ts';

function around(programs: string[], more: Partial<Surroundings> = {}): Surroundings {
  return {
    setting: '',
    searchPath: '/usr/bin:/opt/bin',
    extension: '/ext',
    home: '/home/ada',
    folders: ['/src/project'],
    windows: false,
    isProgram: (file) => programs.includes(file),
    ...more,
  };
}

test('the setting comes first, then PATH in its order, then the bundled one', () => {
  const all = ['/own/tenon', '/opt/bin/tenon', '/usr/bin/tenon', '/ext/server/tenon'];
  assert.deepEqual(find(around(all, { setting: ' /own/tenon ' })), { kind: 'found', program: '/own/tenon', source: 'setting' });
  assert.deepEqual(find(around(all)), { kind: 'found', program: '/usr/bin/tenon', source: 'PATH' });
  assert.deepEqual(find(around(all.slice(3))), { kind: 'found', program: '/ext/server/tenon', source: 'bundled' });
  assert.deepEqual(find(around([])), { kind: 'nowhere', looked: ['/usr/bin', '/opt/bin'] });
});

test('a setting that names nothing is an error, not a reason to run another program', () => {
  const there = ['/usr/bin/tenon'];
  assert.deepEqual(find(around(there, { setting: '/gone/tenon' })), { kind: 'setting-not-there', program: '/gone/tenon' });
  // Relative to what? Not to a folder that anybody may have written.
  const relative = around([...there, 'bin/tenon'], { setting: 'bin/tenon' });
  assert.equal(find(relative).kind, 'setting-not-there');
});

test('the workspace does not decide by PATH what runs', () => {
  const programs = ['/src/project/bin/tenon', '/src/project/tenon', './tenon', 'tenon', '/src/projects/tenon'];
  const inside = around(programs, { searchPath: '/src/project/bin:/src/project:.::/src/project/../project/bin' });
  assert.deepEqual(find(inside), { kind: 'nowhere', looked: [] });
  const dotted = around(['/src/project/..bin/tenon'], { searchPath: '/src/project/..bin' });
  assert.deepEqual(find(dotted), { kind: 'nowhere', looked: [] });
  const beside = around(programs, { searchPath: '/src/projects' });
  assert.equal(find(beside).kind, 'found', 'a name that begins alike is another folder');
});

test('Windows has other separators and endings', () => {
  const windows = around(['D:\\bin\\tenon.exe'], {
    windows: true,
    searchPath: 'C:\\Windows;D:\\bin',
    folders: ['c:\\work'],
    extension: 'C:\\ext',
  });
  assert.deepEqual(find(windows), { kind: 'found', program: 'D:\\bin\\tenon.exe', source: 'PATH' });
  assert.equal(find({ ...windows, folders: ['d:\\BIN'] }).kind, 'nowhere', 'inside, in another case');
});

test('variables of a path', () => {
  assert.equal(expand('~/bin/tenon', around([])), '/home/ada/bin/tenon');
  assert.equal(expand('~', around([])), '/home/ada');
  assert.equal(expand('~bob/tenon', around([])), '~bob/tenon');
  assert.equal(expand('${workspaceFolder}/tenon', around([])), '/src/project/tenon');
});
