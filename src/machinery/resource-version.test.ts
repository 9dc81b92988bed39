import { expect, test } from 'vitest';
import { isOlderVersion } from './resource-version.ts';

test.each([
  ['9', '10', true],
  ['10', '9', false],
  ['10', '10', false],
  ['99999999999999999998', '99999999999999999999', true],
  [undefined, '1', false],
  ['1', undefined, false],
])('%s is older than %s: %s', (one, other, older) => {
  expect(isOlderVersion(one, other)).toBe(older);
});
