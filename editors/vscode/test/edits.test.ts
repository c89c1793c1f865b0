// Pending changes as text: what a file would be, which hunk is at a line, what is shown of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as edits from '../src/edits.ts';
import type { Edit, Hunk, ProposedFile } from '../src/protocol.ts';

const edit = (startLine: number, startCharacter: number, endLine: number, endCharacter: number, newText: string): Edit => ({
  range: { start: { line: startLine, character: startCharacter }, end: { line: endLine, character: endCharacter } },
  newText,
});

const hunk = (number: number, ...of: Edit[]): Hunk => ({ hunk: number, decision: 'proposed', place: 'fits', edits: of });

const file = (...hunks: Hunk[]): ProposedFile => ({ path: 'a', uri: 'file:///a', change: 'modified', to: null, hunks });

test('edits are made at once, in UTF-16 units, whatever their order', () => {
  const text = 'é😀x\nb\r\nc\n';
  assert.equal(edits.apply(text, [edit(2, 0, 3, 0, 'C\n'), edit(0, 3, 0, 4, 'y')]), 'é😀y\nb\r\nC\n');
  assert.equal(edits.apply(text, [edit(1, 0, 1, 0, '1\n'), edit(1, 0, 1, 0, '2\n')]), 'é😀x\n1\n2\nb\r\nc\n', 'the first comes first');
  assert.equal(edits.apply('a', [edit(7, 0, 9, 0, '\nend')]), 'a\nend', 'beyond the end is the end');
  assert.equal(edits.apply('', [edit(0, 0, 0, 0, 'new\n')]), 'new\n');
  assert.equal(edits.apply(text, []), text);
});

test('before and after have only what is undecided', () => {
  const rejected: Hunk = { ...hunk(1, edit(1, 0, 2, 0, 'B\n')), decision: 'rejected' };
  assert.deepEqual(edits.beforeAndAfter(file(hunk(0, edit(0, 0, 1, 0, 'A\n')), rejected), 'a\nb\n'), { before: 'a\nb\n', after: 'A\nb\n' });
  const created: ProposedFile = { ...file(hunk(0, edit(0, 0, 0, 0, 'new\n'))), change: 'created' };
  assert.deepEqual(edits.beforeAndAfter(created, 'whatever is open'), { before: '', after: 'new\n' });
  const deleted: ProposedFile = { ...file(hunk(0)), change: 'deleted' };
  assert.deepEqual(edits.beforeAndAfter(deleted, 'a\n'), { before: 'a\n', after: '' });
});

test('the hunk at a line', () => {
  const whole = hunk(0, edit(1, 0, 3, 0, 'x\n'));
  const insertion = hunk(1, edit(5, 0, 5, 0, 'y\n'));
  const stale: Hunk = { ...hunk(2), place: 'stale' };
  const at = (line: number) => edits.hunkAt(file(whole, insertion, stale), line)?.hunk;
  assert.deepEqual([0, 1, 2, 3, 4, 5, 6].map(at), [0, 0, 0, undefined, 1, 1, undefined]);
  const decided = file({ ...whole, decision: 'applied' });
  assert.equal(edits.hunkAt(decided, 1), undefined, 'a decided one is not there any more');
});

test('a hunk in a few words', () => {
  const says = (of: Hunk, change: ProposedFile['change'] = 'modified', to: string | null = null) =>
    edits.summary({ ...file(of), change, to }, of);
  assert.equal(says(hunk(0, edit(0, 0, 2, 0, 'x\n'))), 'replace 2 lines by 1');
  assert.equal(says(hunk(0, edit(0, 0, 0, 0, 'x\ny\n'))), 'insert 2 lines');
  assert.equal(says(hunk(0, edit(0, 0, 1, 0, ''))), 'remove 1 line');
  assert.equal(says({ ...hunk(0), place: 'stale' }), 'no longer fits: the text changed here');
  assert.equal(says(hunk(0, edit(0, 0, 0, 0, 'x')), 'created'), 'create with 1 line');
  assert.equal(says(hunk(0), 'deleted'), 'delete the file');
  assert.equal(says(hunk(0), 'renamed', 'b'), 'rename to b');
});

test('what is shown of a text cannot hide a part of it', () => {
  const trojan = hunk(0, edit(0, 0, 1, 0, '\n  if (admin\u202e) {\u200b\n  }\n'));
  assert.equal(edits.gist(trojan, 40), 'if (admin\\u{202e}) {\\u{200b}  (+1)');
  assert.equal(edits.gist(hunk(0, edit(0, 0, 0, 0, '😀'.repeat(9))), 5), '😀😀😀😀…', 'cut between characters');
  assert.equal(edits.asDiff(trojan, () => 'old\r\n'), '-old\n+\n+  if (admin\\u{202e}) {\\u{200b}\n+  }\n');
  assert.equal(edits.gist(hunk(0, edit(0, 0, 1, 0, '')), 5), '');
});
