import { expect, test } from 'vitest';
import { certificateValidity } from './certificate-validity.ts';

const certificate = { notBeforeMs: 1000, notAfterMs: 2000 };

test.each([
  [999, 'notYetValid', 1001],
  [1000, 'valid', 1000],
  [2000, 'valid', 0],
  [2001, 'expired', -1],
] as const)('at %i it is %s', (nowMs, state, remainingMs) => {
  expect(certificateValidity(certificate, nowMs)).toEqual({ state, remainingMs, renewAtMs: 1800 });
});
