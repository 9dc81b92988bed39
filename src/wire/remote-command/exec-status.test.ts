import { expect, test } from 'vitest';
import { formatPlainStatus, formatStatus, parseStatus } from './exec-status.ts';

test.each([0, 1, 137, 255])('exit code %i is told and read', (exitCode) => {
  expect(parseStatus(formatStatus({ exitCode }).toString())).toBe(exitCode);
});

test('a failure is told and thrown', () => {
  expect(() => parseStatus(formatStatus({ failure: 'no shell' }).toString())).toThrow(
    'Internal error occurred: no shell',
  );
});

test('success and failure look as Kubernetes sends them', () => {
  expect(formatStatus({ exitCode: 0 }).toString()).toBe('{"metadata":{},"status":"Success"}');
  expect(JSON.parse(formatStatus({ exitCode: 3 }).toString())).toMatchObject({
    status: 'Failure',
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: '3' }] },
  });
});

test('before version 4 it is text, or nothing', () => {
  expect(formatPlainStatus({ exitCode: 0 }).toString()).toBe('');
  expect(formatPlainStatus({ exitCode: 3 }).toString()).toContain('exit status 3');
  expect(formatPlainStatus({ failure: 'no shell' }).toString()).toBe('no shell');
});

test.each([
  ['', 'the connection was closed before the command ended'],
  ['plain words', 'plain words'],
  ['{"status":"Failure","message":"refused"}', 'refused'],
  [
    '{"status":"Failure","reason":"NonZeroExitCode","message":"odd","details":{"causes":[{"reason":"ExitCode","message":"x"}]}}',
    'odd',
  ],
  ['null', 'null'],
])('%j is no exit', (text, message) => {
  expect(() => parseStatus(text)).toThrow(message);
});
