import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stableJson } from './hash.ts';
import { jsonEqual } from './json-equal.ts';

test('equal values have equal stable JSON, and only they', () => {
  const value = fc.jsonValue({ maxDepth: 2 });
  fc.assert(
    fc.property(value, value, (a, b) => {
      // JSON does not tell -0 from 0, and neither does ===.
      expect(jsonEqual(a, b)).toBe(stableJson(a) === stableJson(b));
      expect(jsonEqual(a, JSON.parse(stableJson(a)))).toBe(true);
    }),
  );
});

test.each([
  [{ a: 1, b: undefined }, { a: 1 }, true],
  [{ a: 1 }, { a: 1, b: 2 }, false],
  [{ constructor: 1 }, {}, false],
  [[], {}, false],
  [[1, 2], [2, 1], false],
  [null, {}, false],
])('%j and %j: %s', (a, b, equal) => {
  expect(jsonEqual(a, b)).toBe(equal);
  expect(jsonEqual(b, a)).toBe(equal);
});
