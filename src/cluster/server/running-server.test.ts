import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { isRunning, thisProcess } from './running-server.ts';

test('a process is known by its number, what it runs, and when it began', () => {
  const [program = ''] = readFileSync('/proc/self/cmdline', 'utf8').split('\0');
  const own = thisProcess();
  expect(isRunning(own, program)).toBe(true);
  expect(isRunning(own, 'another')).toBe(false);
  expect(isRunning({ ...own, startTime: (own.startTime ?? 0) - 1 }, program)).toBe(false);
  // As files of earlier versions have it.
  expect(isRunning({ pid: own.pid }, program)).toBe(true);
  expect(isRunning({ pid: 2 ** 30 }, program)).toBe(false);
});
