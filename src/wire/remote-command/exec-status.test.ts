import { expect, test } from 'vitest';
import { formatStatus, parseStatus } from './exec-status.ts';

const v4 = 'v4.channel.k8s.io';
const v5 = 'v5.channel.k8s.io';

test.each([0, 1, 137, 255])('exit code %i is told and read', (exitCode) => {
  for (const protocol of [v4, v5]) expect(parseStatus(formatStatus({ exitCode }, protocol).toString())).toBe(exitCode);
});

test('a failure is told and thrown', () => {
  expect(() => parseStatus(formatStatus({ failure: 'no shell' }, v4).toString())).toThrow(
    'Internal error occurred: no shell',
  );
});

test('success and failure look as Kubernetes sends them', () => {
  expect(formatStatus({ exitCode: 0 }, v5).toString()).toBe('{"metadata":{},"status":"Success"}');
  const failed = JSON.parse(formatStatus({ failure: 'no shell' }, v4).toString());
  expect(failed).toMatchObject({ reason: 'InternalError', details: { causes: [{ message: 'no shell' }] }, code: 500 });
});

/** What clients of a Kubernetes 1.37.1 got for `sh -c 'exit 3'` and for a program that is not there. */
test.each([
  [v5, 'command terminated with exit code 3', 'Internal error occurred: Internal error occurred: no shell'],
  [v4, 'error executing command [sh -c exit 3], exit code 3', 'Internal error occurred: no shell'],
])('in %s', (protocol, how, failure) => {
  const ended = JSON.parse(formatStatus({ exitCode: 3, command: ['sh', '-c', 'exit 3'] }, protocol).toString());
  expect(ended).toEqual({
    metadata: {},
    status: 'Failure',
    message: `command terminated with non-zero exit code: ${how}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: '3' }] },
  });
  expect(JSON.parse(formatStatus({ failure: 'no shell' }, protocol).toString()).message).toBe(failure);
});

test.each(['channel.k8s.io', 'base64.channel.k8s.io', 'v3.channel.k8s.io'])('%s has text, or nothing', (protocol) => {
  expect(formatStatus({ exitCode: 0 }, protocol).toString()).toBe('');
  expect(formatStatus({ exitCode: 3, command: ['a', 'b'] }, protocol).toString()).toBe(
    'command terminated with non-zero exit code: error executing command [a b], exit code 3',
  );
  expect(formatStatus({ failure: 'no shell' }, protocol).toString()).toBe('Internal error occurred: no shell');
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
