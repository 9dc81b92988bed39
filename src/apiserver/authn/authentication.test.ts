import { expect, test } from 'vitest';
import { unauthorized } from '../../machinery/status-errors.ts';
import type { Authenticator, Credentials } from '../request.ts';
import { Authentication } from './authentication.ts';
import { bearerToken } from './bearer-tokens.ts';
import { ClientCertificates } from './client-certificates.ts';

const nothing: Credentials = { http: { method: 'GET', path: '/', headers: {} }, certificate: undefined };
const known: Authenticator = {
  name: 'known',
  authenticate: async () => ({ username: 'bob', groups: [], extra: {} }),
};
const unknown: Authenticator = { name: 'unknown', authenticate: async () => undefined };
const wrong: Authenticator = {
  name: 'wrong',
  authenticate: async () => {
    throw unauthorized();
  },
};

test('the first authenticator that knows the caller decides, whatever others refuse', async () => {
  const authentication = new Authentication({ authenticators: [unknown, wrong, known], anonymous: true });
  expect((await authentication.authenticate(nothing)).username).toBe('bob');
});

test('wrong credentials are not anonymous', async () => {
  const authentication = new Authentication({ authenticators: [wrong, unknown], anonymous: true });
  await expect(authentication.authenticate(nothing)).rejects.toMatchObject({
    status: { message: 'Unauthorized', reason: 'Unauthorized', code: 401 },
  });
});

test('no credentials are anonymous, where that is allowed', async () => {
  const open = new Authentication({ authenticators: [unknown], anonymous: true });
  expect(await open.authenticate(nothing)).toEqual({
    username: 'system:anonymous',
    groups: ['system:unauthenticated'],
    extra: {},
  });
  const closed = new Authentication({ authenticators: [unknown], anonymous: false });
  await expect(closed.authenticate(nothing)).rejects.toMatchObject({ status: { code: 401 } });
});

test('a failure that is not a refusal is told', async () => {
  const broken: Authenticator = {
    name: 'broken',
    authenticate: async () => {
      throw new Error('no memory');
    },
  };
  const authentication = new Authentication({ authenticators: [broken, known], anonymous: true });
  await expect(authentication.authenticate(nothing)).rejects.toThrow('no memory');
});

test('a client certificate names user and groups; without a common name it names nobody', async () => {
  const certificates = new ClientCertificates();
  const certificate = { commonName: 'system:node:n1', organizations: ['system:nodes'], fingerprint: 'ab' };
  const user = await certificates.authenticate({ ...nothing, certificate });
  expect(user).toEqual({
    username: 'system:node:n1',
    groups: ['system:nodes', 'system:authenticated'],
    extra: { 'authentication.kubernetes.io/credential-id': ['X509SHA256=ab'] },
  });
  expect(await certificates.authenticate({ ...nothing, certificate: { ...certificate } })).toBe(user);
  const nameless = { ...certificate, commonName: '', fingerprint: 'cd' };
  expect(await certificates.authenticate({ ...nothing, certificate: nameless })).toBeUndefined();
  expect(await certificates.authenticate(nothing)).toBeUndefined();
});

test.each([
  ['Bearer abc', 'abc'],
  ['bearer abc', 'abc'],
  ['  BEARER abc ', 'abc'],
  ['Bearer abc def', 'abc'],
  ['Bearer ', undefined],
  ['Bearer', undefined],
  ['Basic abc', undefined],
  [undefined, undefined],
])('the token of %j is %j', (header, token) => {
  expect(bearerToken(header)).toBe(token);
});

test('a certificate that counts for nothing is refused, unless a token is right', async () => {
  const expired = { ...nothing, certificateError: 'CERT_HAS_EXPIRED' };
  const withToken = new Authentication({ authenticators: [unknown, known], anonymous: true });
  expect((await withToken.authenticate(expired)).username).toBe((await withToken.authenticate(nothing)).username);
  const without = new Authentication({ authenticators: [unknown], anonymous: true });
  await expect(without.authenticate(expired)).rejects.toThrow('Unauthorized');
});
