import { expect, test } from 'vitest';
import { ageOf, formatAge } from './age.ts';

test.each([
  [-2000, '<invalid>'],
  [-1999, '0s'],
  [-1, '0s'],
  [0, '0s'],
  [999, '0s'],
  [119_999, '119s'],
  [120_000, '2m'],
  [150_000, '2m30s'],
  [599_000, '9m59s'],
  [600_000, '10m'],
  [10_799_000, '179m'],
  [10_800_000, '3h'],
  [11_000_000, '3h3m'],
  [28_740_000, '7h59m'],
  [28_800_000, '8h'],
  [172_799_000, '47h'],
  [172_800_000, '2d'],
  [180_000_000, '2d2h'],
  [691_199_000, '7d23h'],
  [691_200_000, '8d'],
  [63_071_999_000, '729d'],
  [63_072_000_000, '2y'],
  [65_000_000_000, '2y22d'],
  [252_288_000_000, '8y'],
  [400_000_000_000, '12y'],
])('%d ms is %s', (milliseconds, text) => {
  expect(formatAge(milliseconds)).toBe(text);
});

test('the age of a time', () => {
  expect(ageOf('2026-01-01T00:00:00Z', Date.parse('2026-01-01T00:05:00Z'))).toBe('5m');
  expect(ageOf(undefined, 0)).toBe('<unknown>');
  expect(ageOf(null, 0)).toBe('<unknown>');
});
