import { expect, test } from 'vitest';
import { StatusError } from '../../machinery/status-error.ts';
import { unauthorized } from '../../machinery/status-errors.ts';
import { ConnectionError } from '../../wire/http-client/connection-error.ts';
import { explainFailure, type FailedAttempt } from './explain-failure.ts';
import { IdentityError } from './identity-error.ts';

const attempt: FailedAttempt = { servers: ['https://s:6443'], now: Date.UTC(2026, 0, 1), shown: 'token' };

const broken = (code: string) =>
  new StatusError(
    { code: 503, reason: 'ServiceUnavailable', message: 'the connection broke' },
    { cause: new ConnectionError('https://s:6443', Object.assign(new Error(code), { code }), false) },
  );

test.each([
  [
    'CERT_NOT_YET_VALID',
    true,
    'is not valid yet by the clock of this machine (2026-01-01T00:00:00.000Z): set the clock',
  ],
  [
    'CERT_HAS_EXPIRED',
    true,
    'has expired by the clock of this machine (2026-01-01T00:00:00.000Z): set the clock if it is',
  ],
  ['SELF_SIGNED_CERT_IN_CHAIN', false, 'shows a certificate of another cluster than this machine trusts'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', false, 'shows a certificate of another cluster than this machine trusts'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', false, 'is not for that address: use one of the addresses in the output of'],
  ['ECONNREFUSED', true, 'the API cannot be reached: https://s:6443: connection refused. Check that the server is up'],
  ['ENOTFOUND', true, 'the API cannot be reached: https://s:6443: no such host. Check that the server is up'],
])('%s (may pass: %s) is told as what to do', (code, mayPass, message) => {
  const explained = explainFailure(broken(code), attempt) as IdentityError;
  expect(explained).toBeInstanceOf(IdentityError);
  expect(explained.message).toContain(message);
  expect(explained.mayPass).toBe(mayPass);
});

test('a refusal names what was shown', () => {
  const message = (shown: FailedAttempt['shown']) =>
    (explainFailure(unauthorized(), { ...attempt, shown }) as Error).message;
  expect(message('token')).toContain(
    'does not accept the token: it has expired, was deleted, or is of another cluster',
  );
  expect(message('certificate')).toContain(
    "does not accept the client certificate of this node: it has expired by the server's clock, or is of another cluster",
  );
});

test('what it knows nothing of stays as it is', () => {
  const error = new Error('the disk is full');
  expect(explainFailure(error, attempt)).toBe(error);
  const known = new IdentityError('known');
  expect(explainFailure(known, attempt)).toBe(known);
});
