// Which changes wait for a decision, and in which mode they are asked for.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { withMode } from '../src/mode.ts';

const argument = { uri: 'file:///a', intent: 'document' };

test('the setting counts wherever a change is asked for, and for nothing else', () => {
  assert.deepEqual(withMode('tenon.edit', argument, 'auto', true), { ...argument, mode: 'auto' });
  assert.deepEqual(withMode('tenon.fix', argument, 'review', true), { ...argument, mode: 'review' });
  assert.deepEqual(withMode('tenon.run', {}, 'auto', true), { mode: 'auto' });
  assert.equal(withMode('tenon.edit', argument, 'configured', true), argument);
  assert.equal(withMode('tenon.edit', argument, 'else', true), argument);
  assert.equal(withMode('tenon.accept', argument, 'auto', true), argument);
  assert.equal(withMode('tenon.status', undefined, 'auto', true), undefined);
});

test('in Restricted Mode every change waits, whatever anybody says', () => {
  for (const setting of ['auto', 'configured', 'review', '']) {
    assert.deepEqual(withMode('tenon.edit', { ...argument, mode: 'auto' }, setting, false), { ...argument, mode: 'review' });
  }
});
