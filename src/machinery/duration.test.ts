import { expect, test } from 'vitest';
import { parseDuration } from './duration.ts';

test.each([
  ['0', 0],
  ['500ms', 500],
  ['90s', 90_000],
  ['1h30m', 5_400_000],
  ['1.5h', 5_400_000],
  ['2d', 172_800_000],
])('%s is %d ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test.each(['', '5', '-5m', '5 m', 'h', '5m!', '1h-30m'])('"%s" is refused', (text) => {
  expect(() => parseDuration(text)).toThrow(`"${text}" is not a duration: write for example 500ms, 90s, 5m or 1h30m`);
});
