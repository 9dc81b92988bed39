import { expect, test } from 'vitest';
import { goDuration } from './go-duration.ts';

test.each([
  [0, '0s'],
  [1, '1ns'],
  [1_500, '1.5µs'],
  [10_000_000, '10ms'],
  [1_500_000_000, '1.5s'],
  [90_000_000_000, '1m30s'],
  [3_600_000_000_000, '1h0m0s'],
  [-5_000_000_000, '-5s'],
])('%i ns is %s', (nanos, text) => {
  expect(goDuration(nanos)).toBe(text);
});
