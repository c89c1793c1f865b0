// Pending changes for people: which hunk is at a line, what is shown of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as edits from '../src/edits.ts';
import type { Hunk, ProposedFile, Range } from '../src/protocol.ts';

const lines = (first: number, behind: number): Range => ({
  start: { line: first, character: 0 },
  end: { line: behind, character: 0 },
});

const hunk = (number: number, range: Range, before: string, after: string): Hunk =>
  ({ hunk: number, decision: 'proposed', stale: null, doubt: null, range, before, after });

const file = (...hunks: Hunk[]): ProposedFile => ({ path: 'a', uri: 'file:///a', change: 'modify', to: null, hunks });

const stale: Hunk = { hunk: 2, decision: 'proposed', stale: 'the text changed', range: null, before: 'a\n', after: 'b\n' };

test('the hunk at a line', () => {
  const whole = hunk(0, lines(1, 3), 'a\nb\n', 'x\n');
  const insertion = hunk(1, lines(5, 5), '', 'y\n');
  const at = (line: number) => edits.hunkAt(file(whole, insertion, stale), line)?.hunk;
  assert.deepEqual([0, 1, 2, 3, 4, 5, 6].map(at), [0, 0, 0, undefined, 1, 1, undefined]);
  const decided = file({ ...whole, decision: 'applied' });
  assert.equal(edits.hunkAt(decided, 1), undefined, 'a decided one is not there any more');
});

test('the hunk at a line of the text after all of them', () => {
  const grows = hunk(0, lines(1, 2), 'a\n', 'x\ny\nz\n');
  const goes = hunk(1, lines(4, 6), 'b\nc\n', '');
  const comes = hunk(3, lines(8, 8), '', 'd\n');
  const at = (line: number) => edits.hunkAtAfter(file(comes, grows, goes, stale), line)?.hunk;
  assert.deepEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map(at), [undefined, 0, 0, 0, undefined, undefined, 1, undefined, 3, undefined]);
  const created: ProposedFile = { ...file({ hunk: 4, decision: 'proposed', stale: null }), change: 'create' };
  assert.equal(edits.hunkAtAfter(created, 7)?.hunk, 4);
});

test('a file that comes or goes is one hunk, at every line', () => {
  const deleted: ProposedFile = { ...file({ hunk: 0, decision: 'proposed', stale: null }), change: 'delete' };
  assert.equal(edits.hunkAt(deleted, 7)?.hunk, 0);
  assert.deepEqual(edits.open({ ...deleted, hunks: [{ hunk: 0, decision: 'applied', stale: null }] }), []);
});

test('a hunk in a few words', () => {
  const says = (of: Hunk, change: ProposedFile['change'] = 'modify', to: string | null = null) =>
    edits.summary({ ...file(of), change, to }, of);
  assert.equal(says(hunk(0, lines(0, 2), 'a\nb\n', 'x\n')), 'replace 2 lines by 1');
  assert.equal(says(hunk(0, lines(0, 0), '', 'x\ny\n')), 'insert 2 lines');
  assert.equal(says(hunk(0, lines(0, 1), 'a\r\n', '')), 'remove 1 line');
  assert.equal(says(stale), 'no longer fits: the text changed');
  const whole: Hunk = { hunk: 0, decision: 'proposed', stale: null };
  assert.equal(says(whole, 'create'), 'create the file');
  assert.equal(says(whole, 'delete'), 'delete the file');
  assert.equal(says(whole, 'rename', 'b\u202e'), 'rename to b\\u{202e}');
});

test('what is shown of a text cannot hide a part of it', () => {
  const trojan = hunk(0, lines(0, 1), 'old\r\n', '\n  if (admin\u202e) {\u200b\n  }\n');
  assert.equal(edits.gist(trojan, 40), 'if (admin\\u{202e}) {\\u{200b}  (+1)');
  assert.equal(edits.gist(hunk(0, lines(0, 0), '', '😀'.repeat(9)), 5), '😀😀😀😀…', 'cut between characters');
  assert.equal(edits.asDiff(trojan), '-old\n+\n+  if (admin\\u{202e}) {\\u{200b}\n+  }\n');
  assert.equal(edits.gist(hunk(0, lines(0, 1), 'a\n', ''), 5), '');
});
