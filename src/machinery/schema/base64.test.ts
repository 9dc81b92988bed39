import fc from 'fast-check';
import { expect, test } from 'vitest';
import { base64Problem, canonicalBase64 } from './base64.ts';

/** What a Kubernetes 1.37.1 answered for each. */
test.each([
  ['a', 0],
  ['aGVsbG8', 4],
  ['aGVsbG8==', 8],
  ['aGVs bG8=', 4],
  ['aGVsbG8=x', 8],
  ['====', 0],
  ['aa=a', 2],
  ['aaaaa', 4],
  ['a===', 1],
])('%j is wrong at %i', (text, offset) => {
  expect(base64Problem(text)).toBe(offset);
  expect(canonicalBase64(text)).toBeUndefined();
});

test.each([
  ['', ''],
  ['aGVsbG8=', 'aGVsbG8='],
  ['aGVsbG9=', 'aGVsbG8='],
  ['aGVs\nbG8=\n', 'aGVsbG8='],
])('%j is stored as %j', (text, stored) => {
  expect(base64Problem(text)).toBeUndefined();
  expect(canonicalBase64(text)).toBe(stored);
});

test('what is encoded is canonical, and both judges agree', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const text = bytes.toBase64();
      expect(canonicalBase64(text)).toBe(text);
    }),
  );
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'aZ/=\n -'), maxLength: 10 }), (text) => {
      expect(canonicalBase64(text) === undefined).toBe(base64Problem(text) !== undefined);
    }),
  );
});
