import { beforeEach, expect, test } from 'vitest';
import { FakeReader } from '../../../test/support/fake-reader.ts';
import { resourceContext } from '../../../test/support/resource-context.ts';
import { VirtualEnvironment } from '../../machinery/environment/virtual.ts';
import type { KubeObject } from '../../machinery/object.ts';
import type { StatusError } from '../../machinery/status-error.ts';
import { nodes, pods, secrets, serviceAccounts } from '../../resources/schema/resource-types.generated.ts';
import { generateKeyPair } from '../../wire/pki/key-pair.ts';
import { parseJwt, verificationKey, verifyJwt } from './jwt.ts';
import { openIdDiscovery } from './openid-discovery.ts';
import { TokenIssuer } from './token-issuer.ts';
import { TokenRequests } from './token-request.ts';

const issuerUrl = 'https://kubernetes.default.svc.cluster.local';
const environment = new VirtualEnvironment(1);
const keys = generateKeyPair(environment);
const issuer = new TokenIssuer({ issuer: issuerUrl, signingKey: keys.privateKey });
const now = environment.now() / 1000;

let reader: FakeReader;
let requests: TokenRequests;

beforeEach(() => {
  reader = new FakeReader();
  reader.set(serviceAccounts, { metadata: { name: 'robot', namespace: 'auth', uid: 'sa-1' } });
  reader.set(pods, {
    metadata: { name: 'web', namespace: 'auth', uid: 'pod-1' },
    spec: { containers: [], serviceAccountName: 'robot', nodeName: 'n1' },
  });
  reader.set(nodes, { metadata: { name: 'n1', uid: 'node-1' } });
  reader.set(secrets, { metadata: { name: 's', namespace: 'auth', uid: 'secret-1' } });
  requests = new TokenRequests({ issuer, reader, environment });
});

function ask(spec: object = {}, metadata: object = {}, name = 'robot') {
  const context = resourceContext({ namespace: 'auth', name, resource: 'serviceaccounts', subresource: 'token' });
  return requests.create(context, { metadata, spec } as KubeObject);
}

async function claims(spec: object): Promise<Record<string, unknown>> {
  const { status } = await ask(spec);
  const parsed = parseJwt(status?.token ?? '');
  if (parsed === undefined) throw new Error('no token');
  expect(verifyJwt(parsed, verificationKey(keys.publicKey))).toBe(true);
  return parsed.claims;
}

test('a token for the API server lasts an hour unless asked otherwise', async () => {
  const result = await ask();
  expect(result).toMatchObject({
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { name: 'robot', namespace: 'auth', uid: 'sa-1', creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: { audiences: [issuerUrl], expirationSeconds: 3600 },
    status: { expirationTimestamp: '2026-01-01T01:00:00Z' },
  });
  expect(await claims({ audiences: ['vault'], expirationSeconds: 600 })).toEqual({
    aud: ['vault'],
    exp: now + 600,
    iat: now,
    iss: issuerUrl,
    jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
    'kubernetes.io': { namespace: 'auth', serviceaccount: { name: 'robot', uid: 'sa-1' } },
    nbf: now,
    sub: 'system:serviceaccount:auth:robot',
  });
});

test('null is what Go clients write for what they leave out', async () => {
  const { spec } = await ask({ audiences: null, expirationSeconds: null, boundObjectRef: null });
  expect(spec).toEqual({ audiences: [issuerUrl], expirationSeconds: 3600, boundObjectRef: null });
});

test('a token bound to a pod names pod and node', async () => {
  const boundObjectRef = { kind: 'Pod', apiVersion: 'v1', name: 'web', uid: 'pod-1' };
  expect(await claims({ boundObjectRef })).toMatchObject({
    exp: now + 3600,
    'kubernetes.io': { pod: { name: 'web', uid: 'pod-1' }, node: { name: 'n1', uid: 'node-1' } },
  });
  reader.remove(nodes, { name: 'n1' });
  expect(await claims({ boundObjectRef })).toMatchObject({ 'kubernetes.io': { node: { name: 'n1', uid: '' } } });
});

test('a pod that asks the old way gets a year, and becomes stale after the time it asked for', async () => {
  const boundObjectRef = { kind: 'Pod', apiVersion: 'v1', name: 'web' };
  const { status } = await ask({ boundObjectRef, expirationSeconds: 3607 });
  expect(status?.expirationTimestamp).toBe('2026-01-01T01:00:07Z');
  expect(await claims({ boundObjectRef, expirationSeconds: 3607 })).toMatchObject({
    exp: now + 31_536_000,
    'kubernetes.io': { warnafter: now + 3607 },
  });
  expect(await claims({ boundObjectRef, expirationSeconds: 3607, audiences: ['vault'] })).toMatchObject({
    exp: now + 3607,
  });
  expect(await claims({ expirationSeconds: 3607 })).toMatchObject({ exp: now + 3607 });
});

test('tokens are bound to secrets and nodes as well', async () => {
  const secret = { kind: 'Secret', apiVersion: 'v1', name: 's' };
  expect(await claims({ boundObjectRef: secret })).toMatchObject({
    'kubernetes.io': { secret: { name: 's', uid: 'secret-1' } },
  });
  const node = { kind: 'Node', apiVersion: 'v1', name: 'n1' };
  expect(await claims({ boundObjectRef: node })).toMatchObject({
    'kubernetes.io': { node: { name: 'n1', uid: 'node-1' } },
  });
});

test.each<[object, object, string, string]>([
  [
    { expirationSeconds: 599 },
    {},
    'robot',
    'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes',
  ],
  [
    { expirationSeconds: 4294967297 },
    {},
    'robot',
    'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 4294967297: may not specify a duration larger than 2^32 seconds',
  ],
  [
    {},
    { namespace: 'other' },
    'robot',
    'the namespace of the provided object does not match the namespace sent on the request',
  ],
  [
    {},
    { name: 'other' },
    'robot',
    'TokenRequest.authentication.k8s.io "robot" is invalid: metadata.name: Invalid value: "other": must match the service account name if specified',
  ],
  [
    {},
    { uid: 'y' },
    'robot',
    'Operation cannot be fulfilled on TokenRequest.authentication.k8s.io "robot": the UID in the token request (y) does not match the UID of the service account (sa-1)',
  ],
  [{}, {}, 'nope', 'serviceaccounts "nope" not found'],
  [{ boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'no' } }, {}, 'robot', 'pods "no" not found'],
  [
    { boundObjectRef: { kind: 'Deployment', apiVersion: 'apps/v1', name: 'x' } },
    {},
    'robot',
    'cannot bind token to object of type apps/v1, Kind=Deployment',
  ],
  [{ boundObjectRef: {} }, {}, 'robot', 'cannot bind token to object of type /, Kind='],
  [{ boundObjectRef: { kind: 'Secret', apiVersion: 'v1' } }, {}, 'robot', 'Name parameter required.'],
  [
    { boundObjectRef: { kind: 'Secret', apiVersion: 'v1', name: 's', uid: 'zz' } },
    {},
    'robot',
    'Operation cannot be fulfilled on Secret "s": the UID in the bound object reference (zz) does not match the UID in record. The object might have been deleted and then recreated',
  ],
  [
    { attestations: { a: ['b'] } },
    {},
    'robot',
    'TokenRequest.authentication.k8s.io "" is invalid: spec.attestations: Invalid value: {"a":["b"]}: attestations may only be specified with a webhook bound object reference',
  ],
])('%j, %j of %s is refused', async (spec, metadata, name, message) => {
  const error = await ask(spec, metadata, name).catch((caught: StatusError) => caught);
  expect((error as StatusError).message).toBe(message);
});

test('a pod of another service account is refused', async () => {
  reader.set(serviceAccounts, { metadata: { name: 'other', namespace: 'auth', uid: 'sa-2' } });
  const boundObjectRef = { kind: 'Pod', apiVersion: 'v1', name: 'web' };
  await expect(ask({ boundObjectRef }, {}, 'other')).rejects.toThrow(
    'cannot bind token for serviceaccount "other" to pod running with different serviceaccount name.',
  );
});

test('others learn issuer and keys by OpenID Connect Discovery', async () => {
  let address = 'https://10.0.0.1:6443';
  const discovery = openIdDiscovery(issuer, () => address);
  const read = async (path: string) => {
    const context = { ...resourceContext({}), info: { isResource: false, path, verb: 'get' } as const };
    const { headers, body } = await discovery.fetch(context);
    return { type: headers['content-type'], value: JSON.parse(Buffer.from(body as Uint8Array).toString()) };
  };
  expect(await read('/.well-known/openid-configuration')).toEqual({
    type: 'application/json',
    value: {
      issuer: issuerUrl,
      jwks_uri: 'https://10.0.0.1:6443/openid/v1/jwks',
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['ES256'],
    },
  });
  const { x, y } = keys.publicKey.export({ format: 'jwk' });
  expect(await read('/openid/v1/jwks/')).toEqual({
    type: 'application/jwk-set+json',
    value: {
      keys: [{ use: 'sig', kty: 'EC', kid: issuer.verificationKeys[0]?.id, alg: 'ES256', crv: 'P-256', x, y }],
    },
  });
  address = 'https://10.0.0.2:6443';
  expect((await read('/.well-known/openid-configuration')).value).toMatchObject({
    jwks_uri: 'https://10.0.0.2:6443/openid/v1/jwks',
  });
});

test('a key that signed earlier still counts', () => {
  const earlier = generateKeyPair(environment);
  const old = new TokenIssuer({ issuer: issuerUrl, signingKey: earlier.privateKey }).sign({});
  const rotated = new TokenIssuer({ issuer: issuerUrl, signingKey: keys.privateKey, earlierKeys: [earlier.publicKey] });
  const parsed = parseJwt(old);
  expect(parsed).toBeDefined();
  if (parsed === undefined) return;
  expect(rotated.keysNamed(parsed.keyId).some((key) => verifyJwt(parsed, key))).toBe(true);
  expect(issuer.keysNamed(parsed.keyId)).toEqual([]);
  expect(rotated.keysNamed('')).toHaveLength(2);
});
