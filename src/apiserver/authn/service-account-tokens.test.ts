import { beforeEach, expect, test } from 'vitest';
import { FakeInformer } from '../../../test/support/fake-informer.ts';
import { FakeReader } from '../../../test/support/fake-reader.ts';
import { VirtualEnvironment } from '../../machinery/environment/virtual.ts';
import type { KubeObject } from '../../machinery/object.ts';
import { nodes, pods, secrets, serviceAccounts } from '../../resources/schema/resource-types.generated.ts';
import { generateKeyPair } from '../../wire/pki/key-pair.ts';
import { TokenIssuer } from '../tokens/token-issuer.ts';
import { BearerTokens } from './bearer-tokens.ts';
import { BoundObjects } from './bound-objects.ts';
import { ServiceAccountTokens } from './service-account-tokens.ts';
import { StaticTokens } from './static-tokens.ts';

const issuerUrl = 'https://kubernetes.default.svc.cluster.local';
const environment = new VirtualEnvironment(1);
const keys = generateKeyPair(environment);

let accounts: FakeInformer<KubeObject>;
let podInformer: FakeInformer<KubeObject>;
let reader: FakeReader;
let issuer: TokenIssuer;
let tokens: BearerTokens;

beforeEach(() => {
  accounts = new FakeInformer<KubeObject>(serviceAccounts, [
    { metadata: { name: 'robot', namespace: 'auth', uid: 'sa-1' } },
  ]);
  podInformer = new FakeInformer<KubeObject>(pods, [{ metadata: { name: 'web', namespace: 'auth', uid: 'pod-1' } }]);
  reader = new FakeReader();
  issuer = new TokenIssuer({ issuer: issuerUrl, signingKey: keys.privateKey });
  const objects = new BoundObjects({
    serviceAccounts: accounts,
    pods: podInformer,
    nodes: new FakeInformer<KubeObject>(nodes, [{ metadata: { name: 'n1', uid: 'node-1' } }]),
    reader,
  });
  tokens = new BearerTokens(
    [
      new StaticTokens(
        [{ token: 'letmein', user: { username: 'admin', groups: ['system:masters'], extra: {} } }],
        issuer.apiAudiences,
      ),
      new ServiceAccountTokens(issuer, objects, environment),
    ],
    issuer.apiAudiences,
  );
});

function token(own: object = {}, more: object = {}): string {
  const now = Math.floor(environment.now() / 1000);
  return issuer.sign({
    aud: [issuerUrl],
    exp: now + 3600,
    iat: now,
    nbf: now,
    jti: 'id-1',
    sub: 'system:serviceaccount:auth:robot',
    'kubernetes.io': { namespace: 'auth', serviceaccount: { name: 'robot', uid: 'sa-1' }, ...own },
    ...more,
  });
}

const problem = (text: string, audiences: readonly string[] = []) =>
  tokens.review(text, audiences).then(
    () => 'good',
    (error: Error) => error.message,
  );

test('a token of a service account says who it is and where it runs', async () => {
  const pod = { name: 'web', uid: 'pod-1' };
  const { user, audiences } = await tokens.review(token({ pod, node: { name: 'n1', uid: 'node-1' } }), []);
  expect(user).toEqual({
    username: 'system:serviceaccount:auth:robot',
    uid: 'sa-1',
    groups: ['system:serviceaccounts', 'system:serviceaccounts:auth', 'system:authenticated'],
    extra: {
      'authentication.kubernetes.io/credential-id': ['JTI=id-1'],
      'authentication.kubernetes.io/node-name': ['n1'],
      'authentication.kubernetes.io/node-uid': ['node-1'],
      'authentication.kubernetes.io/pod-name': ['web'],
      'authentication.kubernetes.io/pod-uid': ['pod-1'],
    },
  });
  expect(audiences).toEqual([issuerUrl]);
});

test('the same token gives the same user object', async () => {
  const text = token();
  expect((await tokens.review(text, [])).user).toBe((await tokens.review(text, [])).user);
});

test('audiences must meet', async () => {
  expect(await problem(token(), ['x'])).toBe(
    `[invalid bearer token, token audiences ["${issuerUrl}"] is invalid for the target audiences ["x"]]`,
  );
  const vault = token({}, { aud: ['vault'] });
  expect(await problem(vault)).toContain('token audiences ["vault"] is invalid');
  expect((await tokens.review(vault, ['vault', 'other'])).audiences).toEqual(['vault']);
  expect((await tokens.review(token({}, { aud: [] }), [])).audiences).toEqual([issuerUrl]);
});

test('time counts, a minute of leeway given', async () => {
  const now = Math.floor(environment.now() / 1000);
  expect(await problem(token({}, { exp: now - 59 }))).toBe('good');
  expect(await problem(token({}, { exp: now - 61 }))).toBe('[invalid bearer token, service account token has expired]');
  expect(await problem(token({}, { nbf: now + 61 }))).toContain('not valid yet');
  expect(await problem(token({}, { iat: now + 61 }))).toContain('issued in the future');
});

test('a remembered token still expires', async () => {
  const text = token();
  expect(await problem(text)).toBe('good');
  await environment.advance(3_662_000);
  expect(await problem(text)).toContain('has expired');
});

test('the service account must still be the same', async () => {
  const text = token();
  accounts.remove('robot', 'auth');
  expect(await problem(text)).toBe('[invalid bearer token, serviceaccounts "robot" not found]');
  reader.set(serviceAccounts, { metadata: { name: 'robot', namespace: 'auth', uid: 'sa-2' } });
  expect(await problem(text)).toBe('[invalid bearer token, service account UID (sa-2) does not match claim (sa-1)]');
  reader.set(serviceAccounts, { metadata: { name: 'robot', namespace: 'auth', uid: 'sa-1' } });
  expect(await problem(text)).toBe('good');
});

test('a token dies with its pod', async () => {
  const text = token({ pod: { name: 'web', uid: 'pod-1' } });
  expect(await problem(text)).toBe('good');
  const deletionTimestamp = new Date(environment.now()).toISOString();
  podInformer.set({ metadata: { name: 'web', namespace: 'auth', uid: 'pod-1', deletionTimestamp } });
  expect(await problem(text)).toBe('good');
  await environment.advance(61_000);
  expect(await problem(text)).toBe('[invalid bearer token, service account token has been invalidated]');
  podInformer.remove('web', 'auth');
  expect(await problem(text)).toContain('has been invalidated');
  reader.set(pods, { metadata: { name: 'web', namespace: 'auth', uid: 'pod-2' } });
  expect(await problem(text)).toContain('pod UID (pod-2) does not match service account pod ref claim (pod-1)');
});

test('a token dies with its secret, and with its node when it is bound to the node itself', async () => {
  const ofSecret = token({ secret: { name: 's', uid: 'secret-1' } });
  expect(await problem(ofSecret)).toContain('has been invalidated');
  reader.set(secrets, { metadata: { name: 's', namespace: 'auth', uid: 'secret-1' } });
  expect(await problem(ofSecret)).toBe('good');
  expect(await problem(token({ node: { name: 'n1', uid: 'node-1' } }))).toBe('good');
  expect(await problem(token({ node: { name: 'n1', uid: 'node-0' } }))).toContain('has been invalidated');
});

test('signatures are checked, and the key decides how', async () => {
  const text = token();
  const [head = '', payload = '', signature = ''] = text.split('.');
  const other = new TokenIssuer({ issuer: issuerUrl, signingKey: generateKeyPair(environment).privateKey });
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  expect(await problem(`${head}.${encode({ iss: issuerUrl })}.${signature}`)).toContain('signature');
  expect(await problem(`${encode({ alg: 'none' })}.${payload}.${signature}`)).toContain('signature');
  expect(await problem(`${encode({ alg: 'HS256' })}.${payload}.${signature}`)).toContain('signature');
  expect(await problem(other.sign({ sub: 'x' }))).toBe('[invalid bearer token, invalid signature, no keys found]');
  expect(await problem(`${head}.${payload}`)).toBe('invalid bearer token');
  expect(await problem('nonsense')).toBe('invalid bearer token');
  expect(await problem(`a.${payload}.b`)).toBe('invalid bearer token');
});

test('a token of another issuer is none of ours', async () => {
  const other = new TokenIssuer({ issuer: 'https://elsewhere', signingKey: keys.privateKey });
  expect(await problem(other.sign({ 'kubernetes.io': {} }))).toBe('invalid bearer token');
});

test('a static token is a user of its own', async () => {
  const { user, audiences } = await tokens.review('letmein', []);
  expect(user).toEqual({ username: 'admin', groups: ['system:masters', 'system:authenticated'], extra: {} });
  expect(audiences).toEqual([issuerUrl]);
  expect(await problem('letmein', ['x'])).toBe('invalid bearer token');
  expect(await problem('letmeIn')).toBe('invalid bearer token');
});
