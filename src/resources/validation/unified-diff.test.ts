import { expect, test } from 'vitest';
import { unifiedDiff } from './unified-diff.ts';

const lines = (...values: (string | number)[]) => values.join('\n');
const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

test('nothing to show', () => {
  expect(unifiedDiff('a\nb', 'a\nb')).toBe('');
});

test('one change with three lines of context', () => {
  const old = lines(...numbers(1, 20));
  const changed = lines(...numbers(1, 9), 'x', ...numbers(11, 20));
  expect(unifiedDiff(old, changed)).toBe('@@ -7,7 +7,7 @@\n 7\n 8\n 9\n-10\n+x\n 11\n 12\n 13\n');
});

test('changes that are near share a hunk, those that are far do not', () => {
  const old = lines(...numbers(1, 20));
  expect(unifiedDiff(old, lines('x', ...numbers(2, 19), 'y'))).toBe(
    '@@ -1,4 +1,4 @@\n-1\n+x\n 2\n 3\n 4\n@@ -17,4 +17,4 @@\n 17\n 18\n 19\n-20\n+y\n',
  );
  expect(unifiedDiff(lines(...numbers(1, 8)), lines('x', ...numbers(2, 7), 'y'))).toBe(
    '@@ -1,8 +1,8 @@\n-1\n+x\n 2\n 3\n 4\n 5\n 6\n 7\n-8\n+y\n',
  );
});

test('lines that come and go move the numbers of what follows', () => {
  const old = lines(...numbers(1, 30));
  const changed = lines(...numbers(1, 4), 'a', 'b', ...numbers(5, 24), ...numbers(26, 30));
  expect(unifiedDiff(old, changed)).toBe(
    '@@ -2,6 +2,8 @@\n 2\n 3\n 4\n+a\n+b\n 5\n 6\n 7\n@@ -22,7 +24,6 @@\n 22\n 23\n 24\n-25\n 26\n 27\n 28\n',
  );
});
