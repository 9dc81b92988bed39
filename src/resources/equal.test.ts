import { expect, test } from 'vitest';
import { equal } from './equal.ts';

test.each([
  [1, 1, true],
  [1, '1', false],
  [undefined, null, true],
  [[], undefined, true],
  [{}, undefined, false],
  [{ a: undefined }, {}, true],
  [{ a: [] }, {}, true],
  [{ a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }, true],
  [{ a: [1, { b: 2 }] }, { a: [1, { b: 3 }] }, false],
  [{ a: 1 }, { a: 1, b: 2 }, false],
  [{ a: 1, b: 2 }, { a: 1 }, false],
  [[1, 2], [1], false],
  [[1], { 0: 1 }, false],
  [{ 0: 1 }, [1], false],
  [null, 0, false],
])('%j and %j: %s', (one, other, same) => {
  expect(equal(one, other)).toBe(same);
});
