import { expect, test } from 'vitest';
import { runCommand } from './run-command.ts';

const context = { env: [], hostname: 'h', stdin: '' };

test.each([
  [['1'], 1_000],
  [['0.5'], 500],
  [['2m'], 120_000],
  [['1h', '30s'], 3_630_000],
  [['infinity'], Number.POSITIVE_INFINITY],
])('sleep %j takes %d ms', (times, durationMs) => {
  expect(runCommand(['sleep', ...times], context)).toEqual({ exitCode: 0, durationMs });
});

test.each([
  [['long'], "sleep: invalid time interval 'long'\n"],
  [['-1'], "sleep: invalid time interval '-1'\n"],
  [[], 'sleep: missing operand\n'],
])('sleep %j is refused', (times, stderr) => {
  expect(runCommand(['sleep', ...times], context)).toEqual({ exitCode: 1, stderr });
});
