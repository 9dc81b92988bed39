import { expect, test } from 'vitest';
import { matchesGlob } from './glob.ts';

test.each([
  ['', '', true],
  ['', 'a', false],
  ['*', '', true],
  ['*', 'abc', true],
  ['a*c', 'abbc', true],
  ['a*c', 'abbd', false],
  ['*.b', 'a.b', true],
  ['a**', 'a', true],
  ['a*b*c', 'aXbXbXc', true],
])('%s and %s: %s', (pattern, text, matches) => {
  expect(matchesGlob(pattern, text)).toBe(matches);
});

test('many stars take no longer than a moment', () => {
  expect(matchesGlob(`${'*a'.repeat(200)}b`, 'a'.repeat(5000))).toBe(false);
});
