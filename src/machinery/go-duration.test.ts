import { expect, test } from 'vitest';
import { formatGoDuration, parseGoDuration } from './go-duration.ts';

test.each([
  ['0', 0],
  ['5s', 5_000],
  ['1h30m', 5_400_000],
  ['-1.5s', -1_500],
  ['+.5m', 30_000],
  ['1.s', 1_000],
  ['250µs', 0.25],
])('%j is %d ms', (text, ms) => {
  expect(parseGoDuration(text)).toBe(ms);
});

test.each([
  ['', 'time: invalid duration ""'],
  ['-', 'time: invalid duration "-"'],
  ['x', 'time: invalid duration "x"'],
  ['.s', 'time: invalid duration ".s"'],
  ['5', 'time: missing unit in duration "5"'],
  ['1h5', 'time: missing unit in duration "1h5"'],
  ['5x', 'time: unknown unit "x" in duration "5x"'],
  ['1h 5m', 'time: unknown unit "h " in duration "1h 5m"'],
  ['9999999h', 'time: invalid duration "9999999h"'],
])('%j is none', (text, message) => {
  expect(() => parseGoDuration(text)).toThrow(message);
});

test.each([
  [0, '0s'],
  [250, '250ms'],
  [-1_500, '-1.5s'],
  [180_000, '3m0s'],
  [190_500, '3m10.5s'],
  [3_600_000, '1h0m0s'],
  [5_400_005, '1h30m0.005s'],
])('%d ms is written %j', (ms, text) => {
  expect(formatGoDuration(ms)).toBe(text);
});
