// Lines that are meant stay the same lines while the text is typed in.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { moved, type Change } from '../src/tracking.ts';

const change = (line: number, character: number, endLine: number, endCharacter: number, text: string): Change =>
  ({ range: { start: { line, character }, end: { line: endLine, character: endCharacter } }, text });

const after = (...changes: Change[]) => {
  const { first, last } = moved({ first: 4, last: 6 }, changes);
  return [first, last];
};

test('what is typed before them moves them, what is typed behind them does not', () => {
  assert.deepEqual(after(change(0, 0, 0, 0, 'a\nb\r\n')), [6, 8]);
  assert.deepEqual(after(change(1, 0, 3, 0, '')), [2, 4]);
  assert.deepEqual(after(change(4, 0, 4, 0, 'above\n')), [5, 7], 'a line that comes in right before');
  assert.deepEqual(after(change(3, 2, 3, 2, 'x')), [4, 6]);
  assert.deepEqual(after(change(7, 0, 9, 0, '')), [4, 6]);
});

test('what is typed in them belongs to them', () => {
  assert.deepEqual(after(change(5, 1, 5, 1, '\n\n')), [4, 8]);
  assert.deepEqual(after(change(4, 0, 6, 0, '')), [4, 4]);
  assert.deepEqual(after(change(4, 0, 4, 0, 'x')), [4, 6]);
  assert.deepEqual(after(change(3, 5, 4, 0, '')), [3, 5], 'their first line is joined to the one before');
  assert.deepEqual(after(change(2, 0, 8, 0, 'x')), [2, 2], 'all of it is replaced');
});

test('changes of one step are in the text before all of them', () => {
  const [above, inside] = [change(0, 0, 0, 0, '\n'), change(5, 0, 5, 0, '\n')];
  assert.deepEqual(after(above, inside), [5, 8]);
  assert.deepEqual(after(inside, above), [5, 8]);
});
