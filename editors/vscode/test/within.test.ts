// Waiting ends.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { within } from '../src/within.ts';

test('what comes in time is passed on, a refusal too, and what does not come is not waited for', async () => {
  assert.equal(await within(Promise.resolve(7), 60_000), 7);
  await assert.rejects(within(Promise.reject(new Error('no')), 60_000), /no/);
  assert.equal(await within(new Promise(() => {}), 1), undefined);
});
