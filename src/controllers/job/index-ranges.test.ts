import { expect, test } from 'vitest';
import {
  countCommon,
  countIndexes,
  firstFree,
  formatIndexRanges,
  hasIndex,
  mergeRanges,
  parseIndexRanges,
  rangesOf,
} from './index-ranges.ts';

test.each([
  ['', 5, '', 0],
  ['0', 5, '0', 1],
  ['0,1', 5, '0,1', 2],
  ['0-2', 5, '0-2', 3],
  ['0,1,2,4', 9, '0-2,4', 4],
  ['1-8', 4, '1-3', 3],
  ['1,9', 4, '1', 1],
  ['x,2,3-y,5', 9, '2,5', 2],
])('%j of %i is read as %j', (text, completions, shown, count) => {
  const ranges = parseIndexRanges(text, completions);
  expect(formatIndexRanges(ranges)).toBe(shown);
  expect(countIndexes(ranges)).toBe(count);
});

test('ranges are merged where they meet', () => {
  expect(formatIndexRanges(rangesOf([7, 1, 2, 2, 3, 5]))).toBe('1-3,5,7');
  const merged = mergeRanges(rangesOf([0, 4, 5, 9]), rangesOf([1, 3, 9, 11]));
  expect(formatIndexRanges(merged)).toBe('0,1,3-5,9,11');
});

test('an index is found in them, and what two have in common is counted', () => {
  const ranges = parseIndexRanges('1-3,5,8-9', 20);
  expect([0, 1, 3, 4, 5, 6, 8, 9, 10].filter((index) => hasIndex(ranges, index))).toEqual([1, 3, 5, 8, 9]);
  expect(countCommon(ranges, parseIndexRanges('0,2-8', 20))).toBe(4);
  expect(countCommon(ranges, [])).toBe(0);
});

test('free indexes are the lowest ones', () => {
  expect(firstFree(parseIndexRanges('0,2-3', 9), 3, 6)).toEqual([1, 4, 5]);
  expect(firstFree([], 2, 6)).toEqual([0, 1]);
  expect(firstFree(parseIndexRanges('0-5', 6), 2, 6)).toEqual([]);
});
